"""The results as a table in Markdown."""

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.abuse.observed import Observed, Series
from tests.abuse.run import Result

COLUMNS = (
    "#",
    "attack",
    "port",
    "p50, p99 at rest ms",
    "p50, p99 attacked ms",
    "requests lost",
    "livez, readyz failed",
    "MiB above rest",
    "the attacker got",
    "verdict",
)


def line(result: Result) -> str:
    """Return the row of a result."""
    row, attack = result.row, result.attack
    failures = result.failures(times=True)
    cells = (
        str(row.number),
        row.name,
        row.port,
        _times(result.rest),
        _times(attack),
        _lost(attack.caller),
        f"{attack.livez.lost.total()} and {attack.readyz.lost.total()} of {attack.livez.count}",
        f"{result.growth:+.0f}",
        str(result.got),
        "; ".join(failures) or "good",
    )
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def table(results: Sequence[Result], command: str) -> str:
    """Return the whole table, with the machine, the command, the version and the date."""
    bad = sum(bool(result.failures(times=True)) for result in results)
    lines = [
        f"**Machine:** {os.cpu_count()} shared cores, {platform.system()}, Python {platform.python_version()}."
        f" **Command:** `{command}`. **Version:** {version()}. **Date:** {datetime.now(UTC).date()}."
        f" {bad} of {len(results)} rows fail.",
        "",
        f"| {' | '.join(COLUMNS)} |",
        f"|{'---|' * len(COLUMNS)}",
        *map(line, results),
    ]
    return "\n".join(lines) + "\n"


def version() -> str:
    """Return the commit of the working tree, marked if it has changes; `unknown` outside of a checkout."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=7"],
        cwd=Path(__file__).parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return described.stdout.strip() or "unknown"


def _times(observed: Observed) -> str:
    return f"{observed.caller.milliseconds(0.5):.0f}, {observed.caller.milliseconds(0.99):.0f}"


def _lost(series: Series) -> str:
    return f"{series.lost.total()} of {series.count}"
