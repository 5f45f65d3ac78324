"""Parse Kafka records into commands; no content of a record makes parsing fail.

A record that cannot be identified as a command is Undecodable and is sent to the dead-letter topic. A command with
errors is Received with an Invalid body and is rejected.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from service.contract.aggregate import READERS
from service.contract.attribute_name import is_time
from service.contract.catalogue import CommandKind
from service.contract.cloudevent import open_record
from service.contract.field import ID_DESCRIPTION, ID_LENGTH, ID_PATTERN
from service.contract.http_source import HTTP_SOURCE, PUBLISHED_BY, is_reserved
from service.contract.record import Limits, Parsed, Received, Record, Refused, Undecodable
from service.contract.structured import read_json
from service.contract.topics import Topics
from service.core.command import Body, Command, Invalid
from service.core.ids import created_subject
from service.core.problem import Problem
from service.resource_exhaustion import is_resource_exhaustion

__all__ = ["Limits", "Parsed", "Received", "Record", "Undecodable", "parse"]

MAX_CORRELATION: Final = 256
MAX_TRACE: Final = 512
MAX_VERSION: Final = 2**31 - 1
_is_id: Final = re.compile(ID_PATTERN).fullmatch


def parse(records: Sequence[Record], topics: Topics, limits: Limits) -> list[Received | Undecodable]:
    """Parse each record independently; return one result per record, in the same order, whatever the bytes are.

    Raises MemoryError and other errors of exhausted resources, which no record causes.
    """
    answers: list[Received | Undecodable] = []
    for record in records:
        try:
            answers.append(_received(record, topics, limits))
        except Refused as refused:
            answers.append(Undecodable(record, refused.reason, str(refused)))
        except Exception as defect:  # a bug in the service must not affect the other records
            if is_resource_exhaustion(defect):
                raise
            answers.append(Undecodable(record, "failed", f"{type(defect).__name__}: {defect}"))
    return answers


def _received(record: Record, topics: Topics, limits: Limits) -> Received:
    value = record.value
    if value is None:
        raise Refused("tombstone", "the record has no body")
    if len(value) > limits.max_body_bytes:
        raise Refused("too-large", f"the body has {len(value)} bytes; the limit is {limits.max_body_bytes}")
    if record.key is not None and len(record.key) > limits.max_body_bytes:
        raise Refused("too-large", f"the key has {len(record.key)} bytes; the limit is {limits.max_body_bytes}")
    attributes, misspelt, structured = open_record(record, value)
    reader = READERS.get(attributes["type"])
    if reader is None:
        raise Refused("unknown-type", f"type {attributes['type'][:128]!r} is not a known command")
    data, text = (read_json(value), value) if structured is None else (structured.data, structured.text)

    source, identifier = attributes["source"], attributes["id"]
    problems = [
        Problem("invalid", f"{name} is not the name of an attribute: write {meant}.", name)
        for name, meant in misspelt.items()
    ]
    if is_reserved(source, attributes.get(PUBLISHED_BY)):
        message = f"source must not begin with {HTTP_SOURCE}: this is reserved for the HTTP API."
        problems.append(Problem("invalid", message, "source"))
    subject = _subject(attributes.get("subject"), source, identifier, reader.kind, problems)
    expected = _expected(attributes["expectedversion"], problems) if "expectedversion" in attributes else None
    if "time" in attributes and not is_time(attributes["time"]):
        problems.append(Problem("invalid", "time must be a time of RFC 3339, such as 2026-11-29T10:00:00Z.", "time"))
    reply_to = attributes.get("replyto")
    if reply_to is not None and reply_to not in limits.reply_topics:
        problems.append(Problem("invalid", "replyto must be one of the configured reply topics.", "replyto"))
        reply_to = None
    correlation = attributes.get("correlationid")
    if correlation is not None and (len(correlation) > MAX_CORRELATION or "\0" in correlation):
        expected_text = f"a string of at most {MAX_CORRELATION} characters without NUL"
        problems.append(Problem("invalid", f"correlationid must be {expected_text}.", "correlationid"))
        correlation = None

    body: Body
    own_topic = topics.for_command[reader.kind.type]
    if record.topic == own_topic:
        body = reader.read(data, subject, text, problems)
    else:
        # Report no other problems: a sender without access to the right topic learns nothing about the registry.
        body = Invalid((Problem("wrong-topic", f"{reader.kind.name} must be sent to topic {own_topic}.", "type"),))
    return Received(
        record,
        Command(record.topic, source, identifier, reader.kind.name, subject, expected, body),
        correlation,
        _trace(attributes["traceparent"]) if "traceparent" in attributes else None,
        _trace(attributes["tracestate"]) if "tracestate" in attributes else None,
        reply_to,
    )


def _subject(text: str | None, source: str, identifier: str, kind: CommandKind, problems: list[Problem]) -> str:
    """Return the aggregate's id, derived for a create without one; empty, with a problem, when missing or malformed."""
    if text is None:
        if kind.creates:
            return created_subject(source, identifier)
        problems.append(Problem("invalid", f"subject is missing: it must be the id of the {kind.noun}.", "subject"))
        return ""
    if len(text) <= ID_LENGTH and _is_id(text):
        return text
    problems.append(Problem("invalid", f"subject must be {ID_DESCRIPTION}.", "subject"))
    return ""


def _expected(text: str, problems: list[Problem]) -> int | None:
    if len(text) <= 10 and text.isascii() and text.isdigit() and (version := int(text)) <= MAX_VERSION:
        return version
    message = f"expectedversion must be a whole number from 0 to {MAX_VERSION}."
    problems.append(Problem("invalid", message, "expectedversion"))
    return None


def _trace(text: str) -> str | None:
    # Invalid trace headers never cause a rejection: they are dropped, as W3C Trace Context requires.
    return text if len(text) <= MAX_TRACE and "\0" not in text else None
