"""Usage errors of the outbox commands, which are reported before a connection to the database."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli.main import cli


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["discard", "--yes"], "give exactly one of: positions, --topic, --reason"),
        (["discard", "1", "--topic", "t", "--yes"], "give exactly one of: positions, --topic, --reason"),
        (["discard", "--topic", "t", "--reason", "R", "--yes"], "give exactly one of: positions, --topic, --reason"),
        (["discard", "--reason", "X"], "use --yes"),
        (["discard", "1"], "use --yes"),
        (["discard", "one", "--yes"], "not a valid integer"),
        (["discard", str(2**63), "--yes"], "is not in the range"),
        (["list", "--held", "--discarded"], "not both"),
        (["list", "--limit", "0"], "is not in the range"),
        (["show"], "Missing argument"),
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str], message: str) -> None:
    ended = CliRunner().invoke(cli, ["outbox", *arguments])
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert message in ended.stderr


@pytest.mark.parametrize("arguments", [["list"], ["show", "1"], ["retry"], ["discard", "1", "--yes"]])
def test_without_a_database_it_exits_with_2_and_names_the_setting(arguments: list[str], tmp_path: Path) -> None:
    ended = CliRunner().invoke(cli, ["outbox", *arguments, "--data-dir", str(tmp_path)])
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "REGISTRY_DATABASE_URL" in ended.stderr
