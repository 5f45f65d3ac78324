"""Every command, event, outcome and dead letter equals its golden file."""

from __future__ import annotations

import pytest

from service.contract.catalogue import COMMANDS, EVENTS, SNAPSHOTS
from service.contract.envelope import Received
from tests.unit.contract import seed
from tests.unit.contract.golden import FOLDER, documents
from tests.unit.contract.support import parsed, received, record

CONTENTS = documents()


@pytest.mark.parametrize("name", sorted(CONTENTS))
def test_message_equals_its_golden_file(name: str) -> None:
    assert CONTENTS[name].decode() == (FOLDER / name).read_text()


def test_golden_files_and_messages_correspond() -> None:
    assert {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.json")} == CONTENTS.keys()
    expected = {f"command/{kind.name}.json" for kind in COMMANDS}
    expected |= {f"event/{kind.name}.json" for kind in (*EVENTS, *SNAPSHOTS)}
    assert expected <= CONTENTS.keys()


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
