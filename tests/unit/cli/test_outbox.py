"""What the outbox commands refuse before they look at a database."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli.main import cli


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (["discard", "--yes"], "give positions, or --topic, or --reason"),
        (["discard", "1", "--topic", "t", "--yes"], "give positions, or --topic, or --reason"),
        (["discard", "--topic", "t", "--reason", "R", "--yes"], "give positions, or --topic, or --reason"),
        (["discard", "--reason", "X"], "give --yes"),
        (["discard", "1"], "give --yes"),
        (["discard", "one", "--yes"], "not a valid integer"),
        (["discard", str(2**63), "--yes"], "is not in the range"),
        (["list", "--held", "--discarded"], "not both"),
        (["list", "--limit", "0"], "is not in the range"),
        (["show"], "Missing argument"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], reported: str) -> None:
    ended = CliRunner().invoke(cli, ["outbox", *arguments])
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert reported in ended.stderr


@pytest.mark.parametrize("arguments", [["list"], ["show", "1"], ["retry"], ["discard", "1", "--yes"]])
def test_without_a_database_it_ends_with_2_and_names_the_setting(arguments: list[str], tmp_path: Path) -> None:
    ended = CliRunner().invoke(cli, ["outbox", *arguments, "--data-dir", str(tmp_path)])
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "REGISTRY_DATABASE_URL" in ended.stderr
