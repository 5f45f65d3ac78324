"""Frames: messages are read as they were written, frames have limits, and any damage is reported."""

import random
import struct
from dataclasses import replace

import cramjam
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.contract.header import Headers
from service.contract.message import Message
from service.store.compression import LONGEST
from service.store.frame import (
    FRAME_BYTES,
    FRAME_MESSAGES,
    LZ4,
    PLAIN,
    STORED,
    Frame,
    FrameCorrupt,
    frames_of,
    messages_of,
)

TYPE = "producer-registry.group.created.v1"
WORDS = st.text(st.characters(codec="utf-8"), max_size=8)
HEADERS: st.SearchStrategy[Headers] = st.lists(st.tuples(WORDS, st.none() | st.binary(max_size=8)), max_size=3)


def message(position: int, payload: bytes | None = b"{}", *, shard: int = 0, topic: str = "events") -> Message:
    """Return a message with a key."""
    return Message(f"id-{position}", "group", "g", TYPE, topic, b"key", payload, [("a", b"1")], shard, position)


@st.composite
def batches(draw: st.DrawFn) -> list[Message]:
    """Draw messages of a few shards and topics, whose positions rise with gaps."""
    position, found = draw(st.integers(0, 10**18)), []
    for _ in range(draw(st.integers(0, 12))):
        position += draw(st.integers(1, 1000))
        key, payload = draw(st.none() | st.binary(max_size=6)), draw(st.none() | st.binary(max_size=300))
        words = draw(WORDS), draw(WORDS), draw(WORDS), draw(WORDS)
        topic, shard = draw(st.sampled_from(["events", "outcomes"])), draw(st.integers(0, 2))
        # The messages of a batch with one type have one schema, if any.
        schema = f"urn:{words[3]}" if len(words[3]) > 2 else ""
        found.append(Message(*words, topic, key, payload, draw(HEADERS), shard, position, schema))
    return found


@settings(deadline=None)
@given(batches())
def test_messages_are_the_same_when_they_are_read_again(messages: list[Message]) -> None:
    frames = list(frames_of(messages))
    read = sorted((m for frame in frames for m in messages_of(frame)), key=lambda m: m.position)
    assert read == messages


@settings(deadline=None)
@given(batches())
def test_each_shard_and_topic_has_one_frame_in_order_when_a_batch_is_short(messages: list[Message]) -> None:
    frames = list(frames_of(messages))
    assert len({(frame.shard, frame.topic) for frame in frames}) == len(frames)
    for frame in frames:
        read = messages_of(frame)
        assert frame.position == read[0].position
        assert frame.messages == len(read)
        assert [m.position for m in read] == sorted(m.position for m in read)
        assert {(m.shard, m.topic) for m in read} == {(frame.shard, frame.topic)}


@pytest.mark.parametrize("count", [FRAME_MESSAGES, FRAME_MESSAGES + 1, 2 * FRAME_MESSAGES + 1])
def test_no_frame_has_more_messages_than_the_limit_when_a_batch_is_long(count: int) -> None:
    messages = [message(position) for position in range(count)]
    frames = list(frames_of(messages))
    full, rest = divmod(count, FRAME_MESSAGES)
    assert [frame.messages for frame in frames] == [FRAME_MESSAGES] * full + [rest] * bool(rest)
    assert [m for frame in frames for m in messages_of(frame)] == messages


def test_no_frame_is_longer_than_the_limit_when_payloads_are_long() -> None:
    messages = [message(position, bytes(100_000 + position)) for position in range(40)]
    frames = list(frames_of(messages))
    assert len(frames) > 1
    assert all(frame.raw_bytes <= FRAME_BYTES for frame in frames)
    assert [m for frame in frames for m in messages_of(frame)] == messages


def test_a_message_that_exceeds_the_limit_has_a_separate_frame() -> None:
    messages = [message(0), message(1, bytes(FRAME_BYTES + 1)), message(2)]
    frames = list(frames_of(messages))
    assert [frame.raw_bytes > FRAME_BYTES for frame in frames if 1 in {m.position for m in messages_of(frame)}] == [
        True
    ]
    assert all(frame.messages == 1 for frame in frames if frame.raw_bytes > FRAME_BYTES)
    assert [m for frame in frames for m in messages_of(frame)] == messages


def test_raw_bytes_are_compressed_only_when_that_makes_them_shorter() -> None:
    (long,) = frames_of([message(0, bytes(5000))])
    short = stored()
    assert long.value[0] == LZ4
    assert len(long.value) < long.raw_bytes
    assert len(short.value) - 9 == short.raw_bytes


def compressed() -> Frame:
    """Return a frame with compressible raw bytes."""
    (frame,) = frames_of([message(position, b'{"text": "%d"}' % position) for position in range(4)])
    assert frame.value[0] == LZ4
    return frame


def stored() -> Frame:
    """Return a frame with incompressible raw bytes."""
    (frame,) = frames_of([message(0, random.Random(1).randbytes(2500))])
    assert frame.value[0] == STORED
    return frame


def plain(*columns: object, pieces: bytes = b"", messages: int = 1) -> Frame:
    """Return a frame as the migration writes it."""
    text = orjson.dumps(columns[0] if len(columns) == 1 else columns)
    raw = struct.pack(">I", len(text)) + text + pieces
    return Frame(7, 0, "events", messages, len(raw), bytes([PLAIN]) + raw)


COLUMNS = ([["a"]], [0], ["id"], ["group"], ["g"], [TYPE], [[0, ["1"]]], [3], [2])


def test_a_plain_frame_is_read_when_a_migration_wrote_it() -> None:
    assert messages_of(plain(*COLUMNS, pieces=b"key{}")) == [replace(message(7), id="id")]


@pytest.mark.parametrize("frame", [compressed(), stored()], ids=["compressed", "stored"])
def test_a_frame_is_corrupt_when_any_of_its_bytes_changed(frame: Frame) -> None:
    same = []
    for at in range(len(frame.value)):
        for change in {1, 1 << at % 8, 0xFF}:
            value = bytearray(frame.value)
            value[at] ^= change
            try:
                same.append(messages_of(replace(frame, value=bytes(value))))
            except FrameCorrupt:
                continue
    # LZ4 can encode the same bytes in several ways: a match may be copied from another place with the same bytes.
    assert all(messages == messages_of(frame) for messages in same)
    assert len(same) <= (10 if frame.value[0] == LZ4 else 0)


@pytest.mark.parametrize(
    "frame", [compressed(), stored(), plain(*COLUMNS, pieces=b"key{}")], ids=["compressed", "stored", "plain"]
)
def test_a_frame_is_corrupt_when_it_is_too_short_or_too_long(frame: Frame) -> None:
    for length in range(len(frame.value)):
        with pytest.raises(FrameCorrupt):
            messages_of(replace(frame, value=frame.value[:length]))
    with pytest.raises(FrameCorrupt):
        messages_of(replace(frame, value=frame.value + b"x"))


@pytest.mark.parametrize("kind", [*range(3, 8), 0x7F, 0xFF])
def test_a_frame_is_corrupt_when_its_format_is_unknown(kind: int) -> None:
    frame = compressed()
    with pytest.raises(FrameCorrupt, match="format"):
        messages_of(replace(frame, value=bytes([kind]) + frame.value[1:]))


@pytest.mark.parametrize("length", [0, 1, 2**31 - 1, 2**31, 2**32 - 1])
@pytest.mark.parametrize("row_agrees", [False, True])
def test_no_more_than_the_limit_is_decompressed_when_the_raw_length_is_wrong(
    length: int, row_agrees: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame, lengths = compressed(), []
    value = frame.value[:1] + struct.pack(">I", length) + frame.value[5:]
    lying = replace(frame, value=value, raw_bytes=length if row_agrees else frame.raw_bytes)
    decompress = cramjam.lz4.decompress_block

    class Watched:
        @staticmethod
        def decompress_block(data: bytes, *, output_len: int) -> object:
            lengths.append(output_len)
            return decompress(data, output_len=output_len)

    monkeypatch.setattr(cramjam, "lz4", Watched)
    with pytest.raises(FrameCorrupt):
        messages_of(lying)
    assert all(one <= LONGEST for one in lengths)
    assert row_agrees or not lengths, "the row has another length"


@pytest.mark.parametrize("frame", [compressed(), plain(*COLUMNS, pieces=b"key{}")], ids=["compressed", "plain"])
@pytest.mark.parametrize("more", [-1, 1, 10])
def test_a_frame_is_corrupt_when_its_row_has_another_number_of_messages(frame: Frame, more: int) -> None:
    with pytest.raises(FrameCorrupt):
        messages_of(replace(frame, messages=frame.messages + more))


@pytest.mark.parametrize(
    "frame",
    [
        plain({"0": 1}),
        plain("text"),
        plain(None),
        plain([]),
        plain(7),
        plain(*COLUMNS[:8], pieces=b"key{}"),
        plain(*COLUMNS[:7], [3], [2, 2], pieces=b"key{}{}"),
        plain(*COLUMNS[:8], ["2"], pieces=b"key{}"),
        plain(*COLUMNS, pieces=b"key{"),
        plain(*COLUMNS, pieces=b"key{}}"),
        plain(COLUMNS[0], ["0"], *COLUMNS[2:], pieces=b"key{}"),
        plain(COLUMNS[0], [0, 1], *COLUMNS[2:], pieces=b"key{}"),
        plain(*COLUMNS[:6], [[0, [1]]], [3], [2], pieces=b"key{}"),
        plain(*COLUMNS[:6], [[0, ["\u0100"]]], [3], [2], pieces=b"key{}"),
        plain(*COLUMNS[:6], [[0, []]], [3], [2], pieces=b"key{}"),
        plain(*COLUMNS[:6], [[1, ["1"]]], [3], [2], pieces=b"key{}"),
        plain(*COLUMNS[:7], ["3"], [2], pieces=b"key{}"),
        plain(*COLUMNS[:7], [-1], [6], pieces=b"key{}"),
    ],
)
def test_a_frame_is_corrupt_when_its_columns_are_malformed(frame: Frame) -> None:
    with pytest.raises(FrameCorrupt):
        messages_of(frame)


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(-1, 3), st.integers(0, 300))
def test_arbitrary_bytes_are_a_corrupt_frame(value: bytes, messages: int, length: int) -> None:
    with pytest.raises(FrameCorrupt):
        messages_of(Frame(0, 0, "events", messages, length, value))
