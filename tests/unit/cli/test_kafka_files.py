"""Commands that connect to Kafka name the setting and the file of a certificate that is missing, and exit with 2."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli.main import cli

COMMANDS = (
    "topics check",
    "topics create",
    "tail outcomes",
    "dead-letters list",
    "send FILE",
    "send FILE --wait",
    "doctor",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_certificate_is_named(command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGISTRY_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("REGISTRY_KAFKA_SECURITY_PROTOCOL", "SSL")
    monkeypatch.setenv("REGISTRY_KAFKA_SSL_CAFILE", "/nowhere/ca.pem")
    file = tmp_path / "commands.jsonl"
    file.write_text('{"type": "role.put", "subject": "r", "data": {"displayName": "R"}}')
    ended = CliRunner().invoke(cli, command.replace("FILE", str(file)).split())
    assert ended.exit_code == 2, ended.output
    assert ended.stderr == "REGISTRY_KAFKA_SSL_CAFILE: cannot read /nowhere/ca.pem: No such file or directory\n"
