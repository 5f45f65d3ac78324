"""A found violation is told with its shortest history."""

from tests.chaos.execute import Result
from tests.chaos.shorten import LINES, scenario, shortest
from tests.support.checker.evidence import Violation


def run(commands: int, *, broken: bool, records: str = "") -> Result:
    violations = [Violation("lost", "no outcome for 1.1-4")] if broken else []
    return Result(7, ["kill"], commands, 1.0, None, violations, records=records)


async def tried(found: Result, breaks_from: int) -> tuple[Result, list[int]]:
    asked: list[int] = []

    async def again(commands: int) -> Result:
        asked.append(commands)
        return run(commands, broken=commands >= breaks_from)

    return await shortest(again, found), asked


async def test_a_history_is_halved_as_long_as_it_breaks_a_promise() -> None:
    found, asked = await tried(run(300, broken=True), 70)
    assert (found.commands, asked) == (75, [150, 75, 37])


async def test_a_history_that_breaks_nothing_when_shorter_stays_as_it_was() -> None:
    found, asked = await tried(run(300, broken=True), 300)
    assert (found.commands, asked) == (300, [150])


async def test_a_history_is_not_halved_for_ever() -> None:
    found, asked = await tried(run(50, broken=True), 0)
    assert (found.commands, asked) == (25, [25])


def test_a_story_has_the_records_that_the_violations_name() -> None:
    records = "commands:0:1 'ce_id': '1.1-3'\ncommands:0:2 'ce_id': '1.1-4'\noutcomes:0:9 'ce_causationid': '1.1-5'"
    assert scenario(run(20, broken=True, records=records)) == "commands:0:2 'ce_id': '1.1-4'"


def test_a_long_story_says_how_much_it_leaves_out() -> None:
    records = "\n".join(["1.1-4"] * (LINES + 3))
    assert scenario(run(20, broken=True, records=records)).endswith("... and 3 more")
