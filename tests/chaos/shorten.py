"""The shortest history that still breaks a promise: the same seed with half as many commands, as long as it does."""

import re
from collections.abc import Awaitable, Callable

from tests.chaos.execute import Result

LEAST_COMMANDS = 20
LINES = 60


async def shortest(again: Callable[[int], Awaitable[Result]], found: Result) -> Result:
    """Run `again` with fewer commands; answers the shortest run that broke a promise, `found` when no other did."""
    while (commands := found.commands // 2) >= LEAST_COMMANDS:
        shorter = await again(commands)
        if not shorter.violations:
            break
        found = shorter
    return found


def scenario(result: Result) -> str:
    """The records that the broken promises name (ids, subjects, places have a digit), in order, as lines."""
    named = {
        name for violation in result.violations for name in re.findall(r"[\w.:/-]{3,}", violation.words) if _tells(name)
    }
    lines = [line for line in result.records.splitlines() if any(name in line for name in named)]
    more = [f"... and {len(lines) - LINES} more"] if len(lines) > LINES else []
    return "\n".join([*lines[:LINES], *more])


def _tells(name: str) -> bool:
    return any(character.isdigit() for character in name)
