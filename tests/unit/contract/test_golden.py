"""What is on the wire is what it was: every command, event, outcome and dead letter against its golden file."""

from __future__ import annotations

import pytest

from service.contract.catalogue import COMMANDS, EVENTS, SNAPSHOTS
from service.contract.envelope import Received
from tests.unit.contract import seed
from tests.unit.contract.golden import FOLDER, documents
from tests.unit.contract.support import parsed, received, record

MADE = documents()


@pytest.mark.parametrize("name", sorted(MADE))
def test_message_is_as_its_golden_file_says(name: str) -> None:
    assert MADE[name].decode() == (FOLDER / name).read_text()


def test_every_message_has_a_golden_file_and_every_file_a_message() -> None:
    assert {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.json")} == MADE.keys()
    wanted = {f"command/{kind.name}.json" for kind in COMMANDS}
    wanted |= {f"event/{kind.name}.json" for kind in (*EVENTS, *SNAPSHOTS)}
    assert wanted <= MADE.keys()


@pytest.mark.parametrize("event", seed.EVENTS_OF_COMMANDS.values(), ids=seed.EVENTS_OF_COMMANDS.keys())
def test_both_content_modes_say_the_same(event: dict[str, object]) -> None:
    binary, structured = received(record(event)), parsed(record(event, "structured"))
    assert isinstance(structured, Received)
    assert structured.command == binary.command
    assert (structured.correlation_id, structured.traceparent, structured.tracestate) == (
        binary.correlation_id,
        binary.traceparent,
        binary.tracestate,
    )
