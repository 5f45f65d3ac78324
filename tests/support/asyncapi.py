"""Records compared with the AsyncAPI document: headers, keys and bodies of everything on the topics of a registry."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import jsonschema_rs
import orjson

from service.contract.structured import STRUCTURED

ACCEPTED: Final = frozenset({"producer-registry.command.accepted.v1", "producer-registry.command.unchanged.v1"})
MOST_SHOWN: Final = 8


class KafkaRecord(Protocol):
    """A record that was read from a topic."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


@dataclass(frozen=True, slots=True)
class _Message:
    """The validators of a message, and the names of the headers that the document describes."""

    name: str
    headers: jsonschema_rs.Draft202012Validator
    payload: jsonschema_rs.Draft202012Validator
    key: jsonschema_rs.Draft202012Validator
    described: frozenset[str]


class AsyncApi:
    """A document whose validators are compiled once, when they are needed. Topics have the prefix of the document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._components = document["components"]
        self._channels = {one["address"]: one["messages"] for one in document["channels"].values()}
        self._messages: dict[str, _Message] = {}
        # Snapshots and records of state topics have the same types.
        self._types: dict[str, list[str]] = {}
        for name, one in self._components["messages"].items():
            if kind := one["headers"]["properties"].get("ce_type", {}).get("const"):
                self._types.setdefault(kind, []).append(name)

    def written_problems(self, record: KafkaRecord, topic: str | None) -> list[str]:
        """Return how a record of the registry differs from the document.

        `topic` is the address of its channel, None for a reply topic.
        """
        headers = _texts(record)
        if "dlq_mark" in headers:
            name = "DeadLetterMark"
        elif "dlq_reason" in headers:
            name = "DeadLetter"
        elif record.value is None and "Tombstone" in self._channels[topic]:
            name = "Tombstone"
        else:
            names = self._types.get(headers.get("ce_type") or "", ())
            name = next((one for one in names if one in self._channels[topic]), "")
        if name not in self._channels[topic]:
            return [f"{_place(record)}: the channel has no message with the headers {headers}"]
        message = self._message(name)
        is_dead_letter = name.startswith("DeadLetter")
        payload = _text(record.value) if is_dead_letter else orjson.loads(record.value or b"null")
        undescribed = set() if name == "DeadLetter" else headers.keys() - message.described
        found = [f"header {header} is not described" for header in sorted(undescribed)]
        return self._reported(record, message, headers, payload, found)

    def command_problems(self, record: KafkaRecord, topic: str) -> list[str]:
        """Return how a command differs from the document."""
        headers = _texts(record)
        content_type = (headers.get("content-type") or "").encode()
        is_structured = content_type.startswith(STRUCTURED)
        # A byte order mark is allowed.
        payload = orjson.loads((record.value or b"null").removeprefix(b"\xef\xbb\xbf"))
        kind = payload.get("type") if is_structured else headers.get("ce_type")
        [name, *_] = self._types.get(kind or "", ("",))
        name += "Structured" if is_structured else ""
        if name not in self._channels[topic]:
            return [f"{_place(record)}: the channel has no message of the type {kind}"]
        return self._reported(record, self._message(name), headers, payload, [])

    def _reported(
        self, record: KafkaRecord, message: _Message, headers: dict[str, Any], payload: Any, found: list[str]
    ) -> list[str]:
        parts = ((message.headers, headers), (message.payload, payload), (message.key, _text(record.key)))
        if not found and all(validator.is_valid(value) for validator, value in parts):
            return []
        found += [error.message for validator, value in parts for error in validator.iter_errors(value)]
        return [f"{_place(record)} is not a {message.name}: {problem}" for problem in found]

    def _message(self, name: str) -> _Message:
        if name not in self._messages:
            message = self._components["messages"][name]
            schemas = {"components": {"schemas": self._components["schemas"]}}
            headers, payload, key = (
                jsonschema_rs.Draft202012Validator({**schema, **schemas})
                for schema in (message["headers"], message["payload"], message["bindings"]["kafka"]["key"])
            )
            self._messages[name] = _Message(name, headers, payload, key, frozenset(message["headers"]["properties"]))
        return self._messages[name]


def check_records(
    document: AsyncApi, prefix: str, written: Iterable[KafkaRecord], commands: Iterable[KafkaRecord]
) -> None:
    """Raise AssertionError if records on the topics with this prefix differ from a document with the prefix `registry`.

    Commands are checked if they were accepted, or were unchanged. Of several commands with the same topic, source and
    id, the registry decided one: one of them must be right.
    """
    problems: list[str] = []
    accepted: set[tuple[str, str]] = set()
    for record in written:
        channel = _channel(record.topic, prefix)
        differences = document.written_problems(record, channel)
        problems += differences
        if not differences and (channel is None or channel.endswith(".command.outcomes.v1")):
            accepted |= _accepted(record)
    sent: dict[tuple[str, str, str], list[KafkaRecord]] = {}
    for record in commands:
        for identity in _identity(record):
            if identity in accepted:
                sent.setdefault((record.topic, *identity), []).append(record)
    for (topic, *_), records in sent.items():
        found = [document.command_problems(record, _channel(topic, prefix) or "") for record in records]
        if all(found):
            problems += found[0]
    shown = "\n".join(problems[:MOST_SHOWN])
    assert not problems, f"{len(problems)} differences from the AsyncAPI document, such as\n{shown}"


def _channel(topic: str, prefix: str) -> str | None:
    return f"registry{topic.removeprefix(prefix)}" if topic.startswith(f"{prefix}.") else None


def _accepted(outcome: KafkaRecord) -> set[tuple[str, str]]:
    headers = dict(outcome.headers)
    if (headers.get("ce_type") or b"").decode() not in ACCEPTED:
        return set()
    command = orjson.loads(outcome.value or b"null")["command"]
    return {(command["source"], command["id"])}


def _identity(command: KafkaRecord) -> list[tuple[str, str]]:
    """Return source and id of a command; nothing for a record that is none."""
    headers = _texts(command)
    attributes: Mapping[str, Any] = {name.removeprefix("ce_"): value for name, value in headers.items()}
    if (headers.get("content-type") or "").encode().startswith(STRUCTURED):
        try:
            attributes = json.loads(command.value or b"null")
        except (ValueError, RecursionError):
            return []
        if not isinstance(attributes, dict):
            return []
    return [(str(attributes.get("source")), str(attributes.get("id")))]


def _texts(record: KafkaRecord) -> dict[str, str | None]:
    return {name: _text(value) for name, value in record.headers}


def _text(value: bytes | None) -> str | None:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _place(record: KafkaRecord) -> str:
    return f"{record.topic}:{record.partition}:{record.offset}"
