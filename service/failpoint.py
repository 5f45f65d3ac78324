"""Points at which fault tests kill, stop or block this process. Without a plan, a point costs one dictionary look-up.

A plan is text such as `before_commit=kill@3,mid_publish=block:2.5`: the name of a point, the action, and the pass at
which the action happens (by default the first). Each action happens once.
"""

import os
import signal
import time
from dataclasses import dataclass

from service.telemetry import log

_log = log(__name__)

POINTS = frozenset(
    {
        "after_claim",
        "before_commit",
        "after_commit",
        "before_waiting_commit",
        "after_waiting_commit",
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
    """Replace the plan; empty text removes it. Raises ValueError if the text is malformed."""
    plans = {}
    for part in filter(None, (word.strip() for word in text.split(","))):
        point, _, what = part.partition("=")
        what, _, passes = what.partition("@")
        action, _, seconds = what.partition(":")
        if point not in POINTS or action not in {"kill", "stop", "block"}:
            raise ValueError(f"{part!r} is not a plan for a fail point")
        plans[point] = _Plan(action, float(seconds or 0), int(passes or 1))
    _plans.clear()
    _plans.update(plans)


def passing(point: str) -> None:
    """Report that the process has reached this point, and run the planned action if there is one."""
    plan = _plans.get(point)
    if plan is None:
        return
    plan.passes -= 1
    if plan.passes > 0:
        return
    del _plans[point]
    # Whoever planned it sees in the log that the process is there: another signal may have stopped it, too.
    _log.warning("fail_point", point=point, action=plan.action)
    match plan.action:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case _:
            # Blocks the event loop on purpose, so that heartbeats and lock sessions stop too.
            time.sleep(plan.seconds)
