"""Parse Kafka records into commands; no content of a record makes parsing fail.

A record that cannot be identified as a command is Undecodable and is sent to the dead-letter topic. A command with
errors is Received with an Invalid body and is rejected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from service.contract.aggregate import READERS
from service.contract.attribute_rule import RULES
from service.contract.catalogue import CommandKind
from service.contract.cloudevent import open_record
from service.contract.http_source import HTTP_SOURCE, PUBLISHED_BY, is_reserved
from service.contract.record import Limits, Parsed, Received, Record, Refused, Undecodable
from service.contract.structured import read_json
from service.contract.topics import Topics
from service.core.command import Body, Command, Invalid
from service.core.ids import created_subject
from service.core.problem import Problem
from service.resource_exhaustion import is_resource_exhaustion

__all__ = ["Limits", "Parsed", "Received", "Record", "Undecodable", "parse"]

MAX_TRACE: Final = 512


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
    _checked("source", attributes, problems)
    subject = _subject(attributes.get("subject"), source, identifier, reader.kind, problems)
    expected = _checked("expectedversion", attributes, problems)
    _checked("time", attributes, problems)
    _checked("dataschema", attributes, problems)
    reply_to = attributes.get("replyto")
    if reply_to is not None and reply_to not in limits.reply_topics:
        problems.append(_invalid("replyto"))
        reply_to = None
    correlation = _checked("correlationid", attributes, problems)

    body: Body
    own_topic = topics.for_command[reader.kind.type]
    if record.topic == own_topic:
        body = reader.read(data, subject, text, problems)
    else:
        # Report no other problems: a sender without access to the right topic learns nothing about the registry.
        body = Invalid((Problem("wrong-topic", f"{reader.kind.name} must be sent to topic {own_topic}.", "type"),))
    return Received(
        record,
        Command(
            record.topic,
            source,
            identifier,
            reader.kind.name,
            subject,
            None if expected is None else int(expected),
            body,
        ),
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
    if RULES["subject"].accepts(text):
        return text
    problems.append(_invalid("subject"))
    return ""


def _checked(name: str, attributes: Mapping[str, str], problems: list[Problem]) -> str | None:
    """Return an attribute; None, with a problem, if it breaks its rule."""
    text = attributes.get(name)
    if text is None or RULES[name].accepts(text):
        return text
    problems.append(_invalid(name))
    return None


def _invalid(name: str) -> Problem:
    return Problem("invalid", f"{name} must be {RULES[name].description}.", name)


def _trace(text: str) -> str | None:
    # Invalid trace headers never cause a rejection: they are dropped, as W3C Trace Context requires.
    return text if len(text) <= MAX_TRACE and "\0" not in text else None
