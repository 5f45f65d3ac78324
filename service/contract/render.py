"""The messages of a decision: its event and its outcome (CloudEvents, binary mode)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

import orjson

from service.contract.catalogue import OUTCOMES, REJECTIONS, wire_type
from service.contract.change import Change, change
from service.contract.data import ProblemData
from service.contract.dense import dense
from service.contract.header import Headers
from service.contract.message import Message, shard_of
from service.contract.outcome import outcome_data, status_of
from service.contract.record import Received
from service.contract.schemas import dataschema
from service.contract.topics import Topics
from service.core.decision import Decision, Status
from service.core.ids import Cause, message_id

_OUTCOME_TYPE: Final = {status: wire_type(f"command.{status}") for status in OUTCOMES}

_REPLAYED: Final = ("ce_replayed", b"true")

# Status, subject (empty when the command has none), version and data of an outcome.
_Answer: TypeAlias = tuple[Status, str, int | None, bytes]


class Stamp(NamedTuple):
    """The time header (UTC in RFC 3339) and the topics, which all messages of a batch share."""

    time: tuple[str, bytes]
    topics: Topics


@lru_cache(maxsize=16)
def stamp_of(time: str, topics: Topics) -> Stamp:
    """Return the stamp of a batch; cached, because it is requested for every message."""
    return Stamp(("ce_time", time.encode()), topics)


def render(received: Received, decision: Decision, position: int, decided_at: str, topics: Topics) -> list[Message]:
    """Return the event of a decision, if any, and its outcome, at consecutive positions of the outbox.

    `decided_at` is UTC in RFC 3339. The payload of the last message is stored and sent again for a duplicate command.
    """
    stamp = stamp_of(decided_at, topics)
    command, event, version = received.command, decision.event, decision.version
    # Event and outcome have the same version, so they share one list of headers, which the outbox stores once.
    extra = extra_headers(stamp, version, _carried(received))
    messages: list[Message] = []
    if event is not None:
        cause = command.topic, command.source, command.id
        messages.append(change_message(cause, change(event), position, stamp, extra))
    data = _outcome_data(received, decision, [message.id for message in messages])
    answer = decision.status, command.subject, version, data
    return [*messages, _outcome(received, answer, position + len(messages), stamp, extra)]


def repeat_outcome(received: Received, data: bytes, position: int, decided_at: str, topics: Topics) -> Message:
    """Return the original outcome of a command, addressed to the sender of a duplicate and marked as replayed.

    `data` is the original payload, which is repeated byte for byte; `decided_at` is the time of the original decision.
    """
    first = orjson.loads(data)
    stamp = stamp_of(decided_at, topics)
    extra = [*extra_headers(stamp, first["version"], _carried(received)), _REPLAYED]
    answer = status_of(first), first["subject"] or "", first["version"], data
    return _outcome(received, answer, position, stamp, extra)


def _outcome_data(received: Received, decision: Decision, events: list[str]) -> bytes:
    command = received.command
    sent = command.source, command.id, command.type
    problem = _problem(decision) if decision.problems else None
    return outcome_data(sent, command.subject, decision.version, events, problem)


def extra_headers(stamp: Stamp, version: int | None, carried: Headers) -> Headers:
    """Return the headers that cannot be derived from the other fields; `carried` are the ones from the command."""
    if version is None:
        return [stamp.time, *carried]
    return [stamp.time, ("ce_entityversion", b"%d" % version), *carried]


def change_message(cause: Cause, written: Change, position: int, stamp: Stamp, extra: Headers) -> Message:
    """Return the message of an event or snapshot."""
    kind, subject, version, content = written
    key, data = subject.encode(), dense(content)
    return Message(
        message_id(cause, kind.type, subject, version, data),
        kind.aggregate,
        subject,
        kind.type,
        stamp.topics.events[kind.aggregate],
        key,
        data,
        extra,
        shard_of(key),
        position,
        dataschema(kind.name, stamp.topics.schema_base),
    )


def _outcome(received: Received, answer: _Answer, position: int, stamp: Stamp, extra: Headers) -> Message:
    status, subject, version, data = answer
    command, type_ = received.command, _OUTCOME_TYPE[status]
    key = received.record.key
    return Message(
        message_id((command.topic, command.source, command.id), type_, subject, version, data),
        "outcome",
        subject,
        type_,
        received.reply_to or stamp.topics.outcomes,
        key,
        data,
        extra,
        shard_of(subject.encode() if key is None else key),
        position,
        dataschema(f"command.{status}", stamp.topics.schema_base),
    )


def _carried(received: Received) -> Headers:
    """Return the headers that event and outcome take over from their command."""
    carried: Headers = [("ce_causationid", received.command.id.encode())]
    if received.correlation_id is not None:
        carried.append(("ce_correlationid", received.correlation_id.encode()))
    if received.traceparent is not None:
        carried.append(("ce_traceparent", received.traceparent.encode()))
    if received.tracestate is not None:
        carried.append(("ce_tracestate", received.tracestate.encode()))
    return carried


def _problem(decision: Decision) -> ProblemData:
    code = decision.problems[0].code
    problem: ProblemData = {
        "code": code,
        "title": REJECTIONS[code],
        "errors": [{"code": one.code, "message": one.message, "path": one.path} for one in decision.problems],
    }
    if decision.more:
        problem["more"] = decision.more
    return problem
