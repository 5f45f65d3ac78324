"""`make abuse`: attack a service beside a well-behaved caller, one row after the other, and print a table."""

import argparse
import asyncio
import logging
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.abuse import report, site
from tests.abuse.attacker import attacker
from tests.abuse.row import ROWS, Row
from tests.abuse.run import Result, run
from tests.chaos.until_signal import until_signal

SECONDS = 10.0


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Parse the arguments of the command line."""
    parser = argparse.ArgumentParser(prog="make abuse", description=__doc__)
    parser.add_argument("--only", default="", help="numbers or parts of names of rows, separated by commas")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="length of each period, at rest and attacked")
    parser.add_argument("--short", action="store_true", help="with the small counts of the test suite")
    parser.add_argument("--markdown", type=Path, help="also write the table to this file")
    parser.add_argument("--list", action="store_true", help="list the rows and exit")
    options = parser.parse_args(argv)
    options.rows = [row for row in chosen(options.only) if not (options.short and row.long)]
    if not options.rows:
        parser.error(f"no row matches {options.only}")
    return options


def chosen(only: str) -> list[Row]:
    """Return the rows with these numbers or parts of names; all if none are given."""
    wanted = [text.strip() for text in only.split(",") if text.strip()]
    return [
        row
        for row in ROWS
        if not wanted or any(text == str(row.number) if text.isdigit() else text in row.key for text in wanted)
    ]


async def _main(options: argparse.Namespace) -> int:
    results: list[Result] = []
    try:
        async with site.opened() as (servers, issuer):
            for rows in _sites(options.rows):
                async with site.site(servers, issuer) as at:
                    for row in rows:
                        results.append(await _attacked(at, row, options))  # noqa: PERF401  # kept when interrupted
    finally:
        # The table of an interrupted run has the rows until then.
        _report(results, options.markdown)
    return 1 if any(result.failures(times=True) for result in results) else 0


def _sites(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the rows of each site: those that only read share one, and each other row has one of its own."""
    reading = [row for row in rows if not row.writes]
    return [*([reading] if reading else []), *([row] for row in rows if row.writes)]


def _report(results: list[Result], file: Path | None) -> None:
    words = shlex.join(sys.argv[1:])
    command = f"make abuse ARGS={shlex.quote(words)}" if words else "make abuse"
    text = report.table(sorted(results, key=lambda result: ROWS.index(result.row)), command)
    _say(f"\n{text}")
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


async def _attacked(at: site.Site, row: Row, options: argparse.Namespace) -> Result:
    """Run a row with a process and an attacker of its own."""
    async with at.service() as service, attacker() as attacking:
        result = await run(at, service, attacking, row, seconds=options.seconds, short=options.short)
    _say(report.line(result))
    return result


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Run and report; 0 when every row meets the acceptance."""
    options = arguments(sys.argv[1:])
    if options.list:
        for row in options.rows:
            _say(row.key)
        return 0
    # The client library logs every retry until new topics have leaders.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    return asyncio.run(until_signal(_main(options)))


if __name__ == "__main__":
    sys.exit(main())
