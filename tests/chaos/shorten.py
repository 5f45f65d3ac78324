"""Find the shortest history with a violation: the same seed with half as many commands, while that has a violation."""

import re
from collections.abc import Awaitable, Callable

from tests.chaos.execute import Result

LEAST_COMMANDS = 20
LINES = 60


async def shortest(again: Callable[[int], Awaitable[Result]], result: Result) -> Result:
    """Run `again` with fewer commands. Return the shortest run with a violation, `found` if there is no other."""
    while (commands := result.commands // 2) >= LEAST_COMMANDS:
        shorter = await again(commands)
        if not shorter.violations:
            break
        result = shorter
    return result


def scenario(result: Result) -> str:
    """Return the records that the violations name, in order, as lines. Ids, subjects and positions have a digit."""
    named = {
        name
        for violation in result.violations
        for name in re.findall(r"[\w.:/-]{3,}", violation.description)
        if _tells(name)
    }
    lines = [line for line in result.records.splitlines() if any(name in line for name in named)]
    more = [f"... and {len(lines) - LINES} more"] if len(lines) > LINES else []
    return "\n".join([*lines[:LINES], *more])


def _tells(name: str) -> bool:
    return any(character.isdigit() for character in name)
