"""Every command, event, outcome and dead letter equals its golden file."""

from __future__ import annotations

import pytest

from service.contract.catalogue import COMMANDS, EVENTS, SNAPSHOTS
from service.contract.envelope import Received
from tests.unit.contract import seed
from tests.unit.contract.golden import FOLDER, files, golden, messages, text
from tests.unit.contract.support import parsed, received, record

MESSAGES = messages()
GOLDEN = golden()


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_message_equals_its_golden_file(name: str) -> None:
    assert text(MESSAGES[name]).decode() == text(GOLDEN[name]).decode()


def test_golden_files_and_messages_correspond() -> None:
    assert {path.name: path.read_bytes() for path in FOLDER.iterdir()} == {
        name: text(content) for name, content in files().items()
    }
    expected = {f"command/{kind.name}" for kind in COMMANDS}
    expected |= {f"event/{kind.name}" for kind in (*EVENTS, *SNAPSHOTS)}
    assert expected <= MESSAGES.keys()


@pytest.mark.parametrize("event", seed.EVENTS_OF_COMMANDS.values(), ids=seed.EVENTS_OF_COMMANDS.keys())
def test_both_content_modes_are_parsed_to_the_same_command(event: dict[str, object]) -> None:
    binary, structured = received(record(event)), parsed(record(event, "structured"))
    assert isinstance(structured, Received)
    assert structured.command == binary.command
    assert (structured.correlation_id, structured.traceparent, structured.tracestate) == (
        binary.correlation_id,
        binary.traceparent,
        binary.tracestate,
    )
