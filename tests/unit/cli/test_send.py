"""`send` reports what was sent when it cannot go on."""

import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import exchange, send
from service.cli.command_preparation import CommandPreparer
from service.cli.exchange import Answer, Exchange
from service.cli.main import cli
from tests.unit.cli.test_exchange import TOPICS, Wire


def test_it_reports_what_was_sent_when_nobody_reads_its_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def opened(*_: object, **__: object) -> AsyncIterator[Exchange]:
        yield Exchange(Wire(), None, TOPICS)

    def unread(*_: object, **__: object) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(exchange, "exchange", opened)
    monkeypatch.setattr(send, "_show", unread)
    file = tmp_path / "commands.jsonl"
    file.write_text('{"type": "user.update", "subject": "pc:1", "data": {}}\n' * 3)
    ended = CliRunner().invoke(cli, ["send", str(file), "--json", "--kafka-bootstrap-servers", "x:1"])
    assert ended.exit_code == 1
    assert ended.stderr.startswith("interrupted: 1 of 3 rows were sent (3 sent); rows 2 to 3 may not have been sent. ")


def test_it_prints_the_number_of_errors_that_a_rejection_leaves_out(capsys: pytest.CaptureFixture[str]) -> None:
    command = CommandPreparer(TOPICS).complete(3, {"type": "group.create"})
    error = {"code": "invalid", "message": "It is wrong.", "path": "/type"}
    answer = Answer(command, status="rejected", outcome={"problem": {"errors": [error], "more": 9_980}})
    send._show(answer, as_json=False)
    assert capsys.readouterr().out == "row 3: invalid /type It is wrong.\nrow 3: and 9980 more\n"


@pytest.mark.parametrize("source", ["", " ", "agency import", "/agentur/büro"])
def test_an_invalid_source_is_refused_by_the_name_of_its_option(source: str) -> None:
    ended = CliRunner().invoke(cli, ["send", "--source", source])
    assert ended.exit_code == 2
    assert (
        "Invalid value for '--source': a source must be a URI reference of RFC 3986, such as /agency-management"
        in " ".join(ended.stderr.split())
    )
