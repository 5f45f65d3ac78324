"""Tables and JSON of a run, the stages of a profile, and the script for pgbench."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from tests.load.__main__ import SECTIONS, arguments, plan
from tests.load.figure import Figure
from tests.load.peers import pgbench
from tests.load.profile import BUDGETS, REST, STAGES, by_stage, stage_of, table, unfold
from tests.load.report import Report, Section, spread
from tests.load.window import Measured
from tests.load.write import Rounds


async def test_programs_are_compared_per_round() -> None:
    given = {"ours": [100.0, 50.0], "peer": [10.0, 5.0]}

    def turn(name: str) -> "Turn":
        return Turn(name, given)

    rounds = Rounds()
    await rounds.take_turns({name: turn(name) for name in given}, 2)
    section = rounds.section("Who writes faster", "ours")
    assert section.rows[1][:3] == ["peer", "7.5 (5 to 10)", "10 (10 to 10) x"]
    assert section.figures["peer"]["ours_over"]["median"] == 10.0
    assert section.figures["ours"]["cpu_microseconds"]["total"]["median"] == 5.0


class Turn:
    def __init__(self, name: str, rates: dict[str, list[float]]) -> None:
        self.name, self.rates = name, rates

    async def __call__(self, seed: int) -> Measured:
        return Measured(self.rates[self.name][seed - 1], {"process": 3.0, "PostgreSQL": 2.0})


def test_a_table_has_aligned_columns() -> None:
    section = Section("T", ("who", "rate"), [["a", "1"], ["longer", "1,000"]], ["a remark"])
    lines = section.text().splitlines()
    assert lines[4:6] == ["a           1", "longer  1,000"]
    assert lines[6] == "  a remark"


def test_figures_are_written_as_json(tmp_path: Path) -> None:
    report = Report({"broker": "tansu"})
    report.add("read", Section("T", ("a",), [["1"]], figures={"x": Figure((1.0,)).as_json()}))
    report.write(tmp_path / "new" / "bench.json")
    written = orjson.loads((tmp_path / "new" / "bench.json").read_bytes())
    assert written["sections"]["read"]["x"]["median"] == 1.0
    assert written["sections"]["read"]["title"] == "T"
    assert written["machine"]["cpus"] >= 1


def test_one_round_is_shown_without_a_spread() -> None:
    assert spread(Figure((12.0,))) == "12"


def test_sections_can_be_chosen() -> None:
    assert arguments([]).sections == list(SECTIONS)
    assert arguments(["--only", "read,write"]).sections == ["read", "write"]


def test_each_section_has_a_plan() -> None:
    # Nothing is measured before a section is called.
    assert set(plan(None, arguments([]))) == set(SECTIONS)  # type: ignore[arg-type]


def test_a_sample_counts_for_the_narrowest_stage_of_its_stack() -> None:
    stacks = unfold(
        "a:main;faststream.x:poll;service.store.command_store:CommandStore.apply;service.core.batch:decide_batch 3\n"
        "a:main;aiokafka.consumer.fetcher:Fetcher.next 2\n"
    )
    assert by_stage(stacks) == {"decide": 3, "poll": 2}
    assert stage_of(("a:main",)) == "event loop and rest"


def test_the_stage_that_exceeds_its_budget_most_is_the_first_line() -> None:
    lines = [line.rsplit(maxsplit=3) for line in table({"decide": 30, "relay": 10, "parse": 60}, 100.0)]
    assert lines[1] == ["parse", "60.0", "8.0", "52.0"]
    assert lines[2] == ["decide", "30.0", "5.0", "25.0"]
    assert lines[-1] == ["all", "100.0", f"{sum(BUDGETS.values()):.1f}", f"{100 - sum(BUDGETS.values()):.1f}"]


def test_every_stage_has_a_budget() -> None:
    assert BUDGETS.keys() == {*STAGES, REST}


@pytest.mark.parametrize("script", [pgbench.script, pgbench.stamps_script])
def test_pgbench_runs_the_query_of_the_service(script: Callable[[], str]) -> None:
    text = script()
    assert text.startswith("\\set caller random(0, ")
    assert "$" not in text
    assert "user_producer_code" in text
    assert len(text.splitlines()) == 2
