"""Tables of faults and results."""

from collections import defaultdict
from collections.abc import Sequence

from tests.chaos.execute import Result
from tests.chaos.fault import FAULTS


def _rows(results: Sequence[Result]) -> list[tuple[str, str, int, int, int, int]]:
    """Return for each fault its numbers, name, runs, commands, raw duplicates and violations."""
    runs: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        for name in result.faults or ("no fault",):
            runs[name].append(result)
    rows = []
    for name, of in runs.items():
        numbers = ", ".join(map(str, FAULTS[name].numbers)) if name in FAULTS else "-"
        verdicts = [result.verdict for result in of if result.verdict is not None]
        commands = sum(verdict.commands for verdict in verdicts)
        duplicates = sum(sum(verdict.duplicates.values()) for verdict in verdicts)
        broken = sum(max(len(result.violations), int(not result.good)) for result in of)
        rows.append((numbers, name, len(of), commands, duplicates, broken))
    return sorted(rows, key=lambda row: ([int(n) for n in row[0].split(", ") if n.isdigit()], row[1]))


def _total(results: Sequence[Result]) -> str:
    bad = [str(result.seed) for result in results if not result.good]
    seconds = sum(result.seconds for result in results)
    kinds = len({name for result in results for name in result.faults})
    description = f"{len(results)} runs, {kinds} faults, {seconds / 60:.1f} minutes, {len(bad)} runs with violations"
    return description + (f": seeds {', '.join(bad)}" if bad else "")


def table(results: Sequence[Result], known: Sequence[str]) -> str:
    """Return the table for a terminal, with the faults that no run had."""
    lines = [f"{'number':10} {'fault':44} {'runs':>5} {'commands':>9} {'duplicates':>11} {'violations':>11}"]
    lines += [f"{a:10} {b:44} {c:5} {d:9} {e:11} {f:11}" for a, b, c, d, e, f in _rows(results)]
    injected = {name for result in results for name in result.faults}
    missing = [name for name in known if name not in injected]
    return "\n".join([*lines, *([f"not injected: {', '.join(missing)}"] if missing else []), _total(results)])


def markdown(results: Sequence[Result]) -> str:
    """Return the table as Markdown."""
    lines = ["| number | fault | runs | commands | raw duplicates | violations |", "|---|---|---|---|---|---|"]
    lines += [f"| {a} | {b} | {c} | {d} | {e} | {f} |" for a, b, c, d, e, f in _rows(results)]
    return "\n".join([*lines, "", _total(results), ""])
