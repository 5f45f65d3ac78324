"""The command line as a whole: fast help, an option for every setting, exit codes."""

import asyncio
import gc
import os
import subprocess
import sys
from collections.abc import Coroutine
from importlib import import_module
from types import ModuleType
from typing import Any

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from service.cli import lazy
from service.cli.config import config, example
from service.cli.main import COMMANDS, cli
from service.settings import Settings, load, variable
from tests.support.program import PROGRAM


def test_every_listed_command_exists_and_its_help_fits_a_screen() -> None:
    for name in COMMANDS:
        outcome = CliRunner().invoke(cli, [name, "--help"], prog_name="producer-registry")
        assert outcome.exit_code == 0, f"{name}: {outcome.output}"
        assert len(outcome.output.splitlines()) <= 40, f"{name}: the help does not fit a screen"


def test_every_command_shows_an_example() -> None:
    for name in COMMANDS:
        outcome = CliRunner().invoke(cli, [name, "--help"], prog_name="producer-registry")
        assert "Example" in outcome.output, f"{name}: no example in its help"


def test_help_imports_neither_the_settings_nor_the_kafka_clients() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from service.cli.main import cli; "
        "assert CliRunner().invoke(cli, ['--help']).exit_code == 0; "
        "print([m for m in ('pydantic', 'aiokafka', 'faststream', 'asyncpg', 'fastapi') if m in sys.modules])"
    )
    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert imported.strip() == "[]"


@pytest.mark.parametrize("arguments", [["sing"], ["config", "--no-such"], ["config", "--api-port", "eighty"]])
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(cli, arguments).exit_code == 2


def test_each_setting_is_an_option() -> None:
    options = {option for parameter in config.params for option in parameter.opts}
    assert [field for field in Settings.model_fields if f"--{field.replace('_', '-')}" not in options] == []


def test_config_masks_secrets() -> None:
    outcome = CliRunner().invoke(cli, ["config", "--database-url", "postgresql://u:s3cret@h/d", "--set"])
    assert outcome.output == "REGISTRY_DATABASE_URL=postgresql://u:********@h/d\n"


def test_invalid_settings_are_reported_on_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_API_PROT", "1")
    outcome = CliRunner().invoke(cli, ["config"])
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr == "REGISTRY_API_PROT is not a setting: did you mean REGISTRY_API_PORT?\n"


def test_example_has_every_setting_with_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line for line in example().splitlines() if line and not line.startswith("#")]
    values = dict(line.split("=", 1) for line in lines)
    assert list(values) == [variable(field) for field in Settings.model_fields]
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    assert load() == Settings.model_construct()


def test_commands_are_click_commands() -> None:
    context = click.Context(cli)
    assert [name for name in cli.list_commands(context) if cli.get_command(context, name) is None] == []


def test_an_error_names_the_option_that_was_given_or_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    given = CliRunner().invoke(cli, ["config", "--api-port", "eighty", "--kafka-ssl-certfile", "c.pem"])
    assert given.stderr.splitlines() == ["--api-port is invalid: expected a port, 0 to 65535"]
    pair = CliRunner().invoke(cli, ["config", "--kafka-ssl-certfile", "c.pem"])
    assert pair.stderr.splitlines() == ["--kafka-ssl-certfile: set both it and REGISTRY_KAFKA_SSL_KEYFILE, or neither"]
    monkeypatch.setenv("REGISTRY_API_PORT", "eighty")
    assert CliRunner().invoke(cli, ["config"]).stderr.startswith("REGISTRY_API_PORT is invalid")


def leaves(command: click.Command, name: str) -> list[tuple[str, click.Command]]:
    """Return the commands below a command that do something."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        children = [(child, command.get_command(context, child)) for child in command.list_commands(context)]
        return [leaf for child, found in children if found is not None for leaf in leaves(found, f"{name} {child}")]
    return [(name.strip(), command)]


def test_every_command_that_ends_by_itself_prints_json_on_request() -> None:
    without = [name for name, command in leaves(cli, "") if "--json" not in {o for p in command.params for o in p.opts}]
    assert without == ["demo", "dev", "serve"]


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("send --type producer-code.", {"producer-code.create", "producer-code.update"}),
        ("tail events --type group.product", {"group.product-granted", "group.product-revoked"}),
        ("dead-letters list --reason not-", {"not-a-cloudevent", "not-json"}),
        ("resend --type role", {"role"}),
    ],
)
def test_types_are_completed_in_the_shell(words: str, completed: set[str]) -> None:
    *arguments, incomplete = words.split()
    found = ShellComplete(cli, {}, "producer-registry", "_X").get_completions(arguments, incomplete)
    assert {item.value for item in found} == completed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("send --type producer-code.creat -", "producer-code.creat is not a command type: did you mean producer-code."),
        ("tail events --type nonsense", "nonsense is not a type of messages: known are"),
        ("dead-letters list --reason not-jsn", "not-jsn is not a reason of dead letters: did you mean not-json?"),
        ("dead-letters replay --reason x", "x is not a reason of dead letters: known are not-a-cloudevent, not-json,"),
        ("resend --type roles", "'roles' is not one of 'organization',"),
    ],
)  # fmt: skip
def test_an_unknown_type_or_reason_is_refused(arguments: str, message: str) -> None:
    outcome = CliRunner().invoke(cli, arguments.split())
    assert outcome.exit_code == 2
    assert message in outcome.stderr


def test_text_that_the_terminal_cannot_show_is_escaped() -> None:
    arguments = ["config", "--set", "--externally-visible-producer-codes", "\u00fc,\u4e2d"]
    ended = subprocess.run(
        [PROGRAM, *arguments], env={**os.environ, "PYTHONIOENCODING": "latin-1"}, capture_output=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout == b"REGISTRY_EXTERNALLY_VISIBLE_PRODUCER_CODES=\xfc,\\u4e2d\n"


@pytest.mark.parametrize("command", ["topics create", "migrate", "dead-letters list", "outbox list", "resend"])
def test_every_command_exits_with_130_when_it_is_interrupted(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(work: Coroutine[Any, Any, object]) -> None:
        work.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(asyncio, "run", interrupted)
    addresses = ["--kafka-bootstrap-servers", "x:1", "--database-url", "postgresql://u:p@x/d"]
    ended = CliRunner().invoke(cli, [*command.split(), *addresses])
    assert (ended.exit_code, ended.stdout, ended.stderr) == (130, "", "interrupted\n")


def test_no_garbage_is_collected_while_a_command_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    enabled: list[bool] = []

    def imported(name: str) -> ModuleType:
        enabled.append(gc.isenabled())
        return import_module(name)

    monkeypatch.setattr(lazy, "import_module", imported)
    assert CliRunner().invoke(cli, ["serve", "--help"]).exit_code == 0
    assert (set(enabled), gc.isenabled()) == ({False}, True)
