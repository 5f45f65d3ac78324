"""A violation is reported with its shortest history."""

from tests.chaos.execute import Result
from tests.chaos.shorten import LINES, scenario, shortest
from tests.support.checker.evidence import Violation


def run(commands: int, *, broken: bool, records: str = "") -> Result:
    violations = [Violation("lost", "no outcome for 1.1-4")] if broken else []
    return Result(7, ["kill"], commands, 1.0, None, violations, records=records)


async def tried(result: Result, breaks_from: int) -> tuple[Result, list[int]]:
    lengths: list[int] = []

    async def again(commands: int) -> Result:
        lengths.append(commands)
        return run(commands, broken=commands >= breaks_from)

    return await shortest(again, result), lengths


async def test_a_history_is_halved_while_it_has_a_violation() -> None:
    result, lengths = await tried(run(300, broken=True), 70)
    assert (result.commands, lengths) == (75, [150, 75, 37])


async def test_a_history_without_a_violation_when_shorter_is_kept() -> None:
    result, lengths = await tried(run(300, broken=True), 300)
    assert (result.commands, lengths) == (300, [150])


async def test_the_number_of_halvings_is_limited() -> None:
    result, lengths = await tried(run(50, broken=True), 0)
    assert (result.commands, lengths) == (25, [25])


def test_a_scenario_has_the_records_that_the_violations_name() -> None:
    records = "commands:0:1 'ce_id': '1.1-3'\ncommands:0:2 'ce_id': '1.1-4'\noutcomes:0:9 'ce_causationid': '1.1-5'"
    assert scenario(run(20, broken=True, records=records)) == "commands:0:2 'ce_id': '1.1-4'"


def test_a_long_scenario_names_the_number_of_omitted_lines() -> None:
    records = "\n".join(["1.1-4"] * (LINES + 3))
    assert scenario(run(20, broken=True, records=records)).endswith("... and 3 more")
