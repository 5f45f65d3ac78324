"""Outcomes as the inbox keeps them: only what their data have beyond the command and its id.

The first byte is the form. A rejection is its data, compressed when that makes them shorter, after the length of the
data. Others are the number of the command's type, the version, the id of the event if there is one, and the subject.
"""

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

import cramjam
import orjson

from service.contract.outcome import outcome_data, status_of
from service.core.command import Command
from service.core.decision import Decision, Status
from service.store.command_id import packed_id, unpacked_id
from service.store.compression import LONGEST, compressed, decompressed
from service.store.errors import StoreDefect

DATA: Final = 0
"""The data as they are: written only by migration 0008."""
ACCEPTED: Final = 1
UNCHANGED: Final = 2
REJECTED: Final = 3

TYPES: Final = {
    "group.create": 1,
    "group.update": 2,
    "group.add-producer-code": 3,
    "group.remove-producer-code": 4,
    "producer-code.create": 5,
    "producer-code.update": 6,
    "user.create": 7,
    "user.update": 8,
    "user.join-group": 9,
    "user.leave-group": 10,
    "user.add-producer-code": 11,
    "user.remove-producer-code": 12,
    "organization.put": 13,
    "branch.put": 14,
    "role.put": 15,
    "product.put": 16,
    "group.grant-product": 17,
    "group.revoke-product": 18,
}
"""The number of each type of command. Numbers are stored: they never change, and none is used again."""

_NAMES: Final = {number: name for name, number in TYPES.items()}
_HEAD: Final = struct.Struct(">BBi")
_REJECTED: Final = struct.Struct(">BI")
_NO_VERSION: Final = -1
_EVENT_BYTES: Final = 17


class OutcomeCorrupt(StoreDefect):
    """The value is not one that was written."""


class StoredOutcome(NamedTuple):
    """The status and the data of an outcome."""

    status: Status
    data: bytes


def packed_outcome(command: Command, decision: Decision, events: Sequence[str], data: bytes) -> bytes:
    """Return what the inbox keeps of an outcome with this data; `events` has the id of the event, if there is one."""
    if decision.problems:
        return _REJECTED.pack(REJECTED, len(data)) + compressed(data)
    version = _NO_VERSION if decision.version is None else decision.version
    number = TYPES[command.type]
    if not events:
        return _HEAD.pack(UNCHANGED, number, version) + packed_id(command.subject)
    [event] = events
    return _HEAD.pack(ACCEPTED, number, version) + packed_id(event) + packed_id(command.subject)


def unpacked_outcome(source: str, id_: str, value: bytes) -> StoredOutcome:
    """Return the outcome of the command with this source and id, its data byte for byte; raise OutcomeCorrupt."""
    try:
        form = value[0]
        if form == DATA:
            return StoredOutcome(status_of(orjson.loads(value[1:])), value[1:])
        if form == REJECTED:
            return StoredOutcome("rejected", _rejection(value))
        return _rebuilt(source, id_, value)
    except (LookupError, ValueError, struct.error, cramjam.DecompressionError) as error:
        raise OutcomeCorrupt(f"the outcome of {id_} from {source} cannot be read: {error}") from error


def _rejection(value: bytes) -> bytes:
    _, length = _REJECTED.unpack_from(value)
    rest = value[_REJECTED.size :]
    if length > LONGEST:
        raise ValueError(f"it claims {length} bytes")
    data = rest if len(rest) == length else decompressed(rest, length)
    if len(data) != length:
        raise ValueError(f"it claims {length} bytes and has {len(data)}")
    return data


def _rebuilt(source: str, id_: str, value: bytes) -> StoredOutcome:
    form, number, version = _HEAD.unpack_from(value)
    start = _HEAD.size
    events = []
    if form == ACCEPTED:
        events = [unpacked_id(value[start : start + _EVENT_BYTES])]
        start += _EVENT_BYTES
    elif form != UNCHANGED:
        raise ValueError(f"its form is {form}, which this version does not know")
    command = source, id_, _NAMES[number]
    known = None if version == _NO_VERSION else version
    data = outcome_data(command, unpacked_id(value[start:]), known, events)
    return StoredOutcome("accepted" if events else "unchanged", data)
