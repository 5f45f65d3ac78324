"""What the JVM peer of the benchmark needs, and how it is compared with the service."""

import re
from pathlib import Path

import pytest

from service.stack.errors import StackError
from tests.load.complete import expected
from tests.load.contender import STATELESS
from tests.load.peers.jvm import build
from tests.load.report import Section
from tests.load.window import Measured
from tests.load.workload import Workload
from tests.load.write import Rounds, compare_with_jvm

VERSION = re.compile(r"\d+(\.\d+)+")


def install(folder: Path, *programs: str) -> None:
    for program in programs:
        (folder / program).symlink_to("/bin/true")


@pytest.mark.parametrize("lacking", build.TOOLS)
def test_a_missing_program_is_named(lacking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, *(tool for tool in build.TOOLS if tool != lacking))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build.missing() == [lacking]
    with pytest.raises(StackError, match=f"requires {lacking} on the PATH: install a JDK"):
        build.build(tmp_path / "classes")
    section = Section("T", ("who",))
    compare_with_jvm(Rounds(), section)
    assert section.remarks == [f"not measured: (f), and (e) without java and mvn; missing programs: {lacking}"]


def test_commands_per_cpu_second_are_compared_per_round() -> None:
    taken = Rounds(
        {
            STATELESS.name: [Measured(1.0, {"process": 60.0, "broker": 40.0}), Measured(1.0, {"process": 200.0})],
            build.NAME: [Measured(9.0, {"process": 50.0, "broker": 30.0}), Measured(9.0, {"process": 100.0})],
        }
    )
    section = Section("T", ("who",))
    compare_with_jvm(taken, section)
    assert section.figures["commands_per_cpu_second_ours_over_jvm"]["rounds"] == [0.8, 0.5]
    assert "ours 7,500 (5,000 to 10,000), (f) 11,250 (10,000 to 12,500): 0.65 (0.5 to 0.8) times" in section.remarks[0]


def test_versions_of_artifacts_are_exact() -> None:
    versions = re.findall("<version>(.*)</version>", (build.FOLDER / "pom.xml").read_text())[1:]
    assert len(versions) == 4
    assert [version for version in versions if not VERSION.fullmatch(version)] == []


def test_rows_and_messages_of_a_load_are_counted() -> None:
    wanted = expected(Workload(100_000).take(1_000))
    assert wanted["accepted"] == wanted["outcomes"] == 1_000
    assert wanted["created"] + wanted["updated"] == wanted["code events"]
    assert wanted["code events"] + wanted["group events"] + wanted["user events"] == 1_000
    assert wanted["group_adds"] > 0
    assert wanted["waiting"] == 0
