"""Messages come out of a frame as they went in, whatever their keys and payloads are."""

from random import Random

import pytest

from service.contract.message import Message
from service.store.frame import LZ4, STORED, frames_of, messages_of


def message(position: int, key: bytes | None, payload: bytes | None) -> Message:
    return Message("id", "group", "g", "type", "events", key, payload, [("h", b"v"), ("none", None)], 0, position)


@pytest.mark.parametrize("key", [None, b"", b"k"])
@pytest.mark.parametrize("payload", [None, b"", b"{}"])
def test_nothing_and_empty_are_reported_apart(key: bytes | None, payload: bytes | None) -> None:
    written = [message(1, key, payload), message(2, b"other", b"between"), message(3, key, payload)]
    [frame] = frames_of(written)
    assert list(messages_of(frame)) == written


@pytest.mark.parametrize(("payload", "kind"), [(Random(1).randbytes(50_000), STORED), (b"x" * 50_000, LZ4)])
def test_what_compresses_badly_is_stored_as_it_is(payload: bytes, kind: int) -> None:
    written = [message(1, b"k", payload)]
    [frame] = frames_of(written)
    assert frame.value[0] == kind
    assert list(messages_of(frame)) == written
