"""Frames: messages of one batch, one shard and one topic, in order, in one compact binary value.

A frame is private to the service. Its value is a format byte, the length and the CRC-32 of the raw bytes, and the
raw bytes, compressed when that makes them shorter. The raw bytes are the length of a JSON text, the text, all keys and
all payloads. Numbers have four bytes, big-endian. The text is a list: the lists of header names that occur, a list for
each column, and the schemas by type. The columns are: distance of the position from the frame's, id, aggregatetype,
aggregateid, type, headers, length of the key and length of the payload. Headers are the number of their list of names,
and their values: null, or a text with one character for each byte. A migration writes null for the names, pairs of name
and value, and no schemas. A length is null if there is no key or payload.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zlib import crc32

import cramjam
import orjson

from service.contract.header import Headers
from service.contract.message import Message
from service.store.compression import LONGEST, compressed, decompressed

FRAME_MESSAGES: Final = 500
FRAME_BYTES: Final = 1024 * 1024
"""Limits of a frame: messages and raw bytes; a single message may be longer."""

PLAIN: Final = 0
"""The raw bytes without length and checksum: written only by a migration."""
STORED: Final = 1
LZ4: Final = 2

_HEAD = struct.Struct(">BII")
_LENGTH = struct.Struct(">I")


class FrameCorrupt(Exception):
    """The value of a frame is not the value that was written."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A row of the outbox: the position of its first message, how many messages and raw bytes, and the value."""

    position: int
    shard: int
    topic: str
    messages: int
    raw_bytes: int
    value: bytes


def frames_of(messages: Iterable[Message]) -> Iterator[Frame]:
    """Make frames, for each shard and topic, of messages that are in the order of their positions."""
    together: dict[tuple[int, str], list[Message]] = {}
    for message in messages:
        queue = message.shard, message.topic
        if queue in together:
            together[queue].append(message)
        else:
            together[queue] = [message]
    headers = _Headers()
    for alike in together.values():
        for start in range(0, len(alike), FRAME_MESSAGES):
            yield from _frames(alike[start : start + FRAME_MESSAGES], headers)


class _Headers:
    """Header lists, each encoded once: an event and its outcome have the same list."""

    def __init__(self) -> None:
        self.names: dict[tuple[str, ...], int] = {}
        self._written: dict[int, orjson.Fragment] = {}

    def write(self, headers: Headers) -> orjson.Fragment:
        """Encode the number of the list of names, and the values."""
        written = self._written.get(id(headers))
        if written is None:
            names = tuple([name for name, _ in headers])
            values = [None if value is None else value.decode("latin-1") for _, value in headers]
            number = self.names.setdefault(names, len(self.names))
            written = self._written[id(headers)] = orjson.Fragment(orjson.dumps((number, values)))
        return written


def _frames(messages: Sequence[Message], headers: _Headers) -> Iterator[Frame]:
    raw = _raw(messages, headers)
    if len(raw) > FRAME_BYTES and len(messages) > 1:
        half = len(messages) // 2
        yield from _frames(messages[:half], headers)
        yield from _frames(messages[half:], headers)
        return
    first = messages[0]
    packed = compressed(raw)
    value = _HEAD.pack(LZ4 if len(packed) < len(raw) else STORED, len(raw), crc32(raw)) + packed
    yield Frame(first.position, first.shard, first.topic, len(messages), len(raw), value)


def _raw(messages: Sequence[Message], headers: _Headers) -> bytes:
    first = messages[0].position
    extra = [headers.write(m.extra) for m in messages]
    text = orjson.dumps(
        (
            list(headers.names),
            [m.position - first for m in messages],
            [m.id for m in messages],
            [m.aggregatetype for m in messages],
            [m.aggregateid for m in messages],
            [m.type for m in messages],
            extra,
            [None if m.key is None else len(m.key) for m in messages],
            [None if m.payload is None else len(m.payload) for m in messages],
            {m.type: m.dataschema for m in messages if m.dataschema},
        )
    )
    keys, payloads = [m.key or b"" for m in messages], [m.payload or b"" for m in messages]
    return b"".join((_LENGTH.pack(len(text)), text, *keys, *payloads))


def messages_of(frame: Frame) -> list[Message]:
    """Read the messages of a frame, in order; raise FrameCorrupt."""
    raw = _unpacked(frame)
    try:
        messages = list(_messages(frame, raw))
    except (ValueError, TypeError, LookupError, AttributeError, struct.error) as error:
        raise FrameCorrupt(f"its columns cannot be read: {error}") from error
    if len(messages) != frame.messages:
        raise FrameCorrupt(f"it has {len(messages)} messages, its row says {frame.messages}")
    return messages


def _unpacked(frame: Frame) -> bytes:
    value = frame.value
    if value[:1] == bytes([PLAIN]):
        return value[1:]
    if len(value) < _HEAD.size:
        raise FrameCorrupt(f"it has {len(value)} bytes only")
    kind, length, checksum = _HEAD.unpack_from(value)
    if length != frame.raw_bytes or length > LONGEST:
        raise FrameCorrupt(f"it claims {length} raw bytes, its row {frame.raw_bytes}")
    if kind == STORED:
        raw = value[_HEAD.size :]
    elif kind == LZ4:
        try:
            raw = decompressed(value[_HEAD.size :], length)
        except cramjam.DecompressionError as error:
            raise FrameCorrupt(f"it cannot be decompressed: {error}") from error
    else:
        raise FrameCorrupt(f"its format is {kind}, which this version does not know")
    if len(raw) != length or crc32(raw) != checksum:
        raise FrameCorrupt("its checksum does not match")
    return raw


def _messages(frame: Frame, raw: bytes) -> Iterator[Message]:
    (length,) = _LENGTH.unpack_from(raw)
    end = _LENGTH.size + length
    names: list[list[str]] | None
    columns: list[Any]
    names, *columns = orjson.loads(raw[_LENGTH.size : end])
    schemas: dict[str, str] = columns[8] if len(columns) > 8 else {}
    keys, end = _pieces(raw, end, columns[6])
    payloads, end = _pieces(raw, end, columns[7])
    if end != len(raw):
        raise ValueError(f"they describe {end} of {len(raw)} raw bytes")
    topic, shard, first = frame.topic, frame.shard, frame.position
    for distance, id_, kind, subject, type_, extra, key, payload in zip(*columns[:6], keys, payloads, strict=True):
        pairs: Iterable[tuple[str, str | None]]
        pairs = extra if names is None else zip(names[extra[0]], extra[1], strict=True)
        headers = [(name, None if text is None else text.encode("latin-1")) for name, text in pairs]
        schema = schemas.get(type_, "")
        yield Message(id_, kind, subject, type_, topic, key, payload, headers, shard, first + distance, schema)


def _pieces(raw: bytes, start: int, lengths: Sequence[int | None]) -> tuple[list[bytes | None], int]:
    """Return the pieces with these lengths, and the end of the last one."""
    pieces: list[bytes | None] = []
    for length in lengths:
        if length is None:
            pieces.append(None)
        else:
            if length < 0:
                raise ValueError(f"a length is {length}")
            pieces.append(raw[start : start + length])
            start += length
    return pieces, start
