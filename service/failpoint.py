"""Points at which a chaos test lets this process die, stop or block; without a plan each costs one dictionary look-up.

A plan is text such as `before_commit=kill@3,mid_publish=block:2.5`: a point's name, what happens, and at which of its
passes (the first one by default). It happens once.
"""

import os
import signal
import time
from dataclasses import dataclass

POINTS = frozenset(
    {
        "after_claim",
        "before_commit",
        "after_commit",
        "mid_publish",
        "after_publish",
        "before_offset_commit",
        "after_offset_commit",
    }
)


@dataclass(slots=True)
class _Plan:
    action: str
    seconds: float
    passes: int


_plans: dict[str, _Plan] = {}


def arm(text: str) -> None:
    """Take up a plan, or none when the text is empty; raises ValueError when it is malformed."""
    plans = {}
    for part in filter(None, (word.strip() for word in text.split(","))):
        point, _, what = part.partition("=")
        what, _, passes = what.partition("@")
        action, _, seconds = what.partition(":")
        if point not in POINTS or action not in {"kill", "stop", "block"}:
            raise ValueError(f"{part!r} is no plan for a fail point")
        plans[point] = _Plan(action, float(seconds or 0), int(passes or 1))
    _plans.clear()
    _plans.update(plans)


def passing(point: str) -> None:
    """Tell that the process is at this point; does what the plan says, else nothing."""
    plan = _plans.get(point)
    if plan is None:
        return
    plan.passes -= 1
    if plan.passes > 0:
        return
    del _plans[point]
    match plan.action:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case _:
            # Blocks the event loop on purpose: heartbeats and lock sessions go silent too.
            time.sleep(plan.seconds)
