"""Decode records of the registry's topics for display: CloudEvents in binary and structured mode, and other records."""

import base64
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from service.contract import record


class Record(record.Record, Protocol):
    """A record of a Kafka client; `timestamp` in milliseconds since 1970."""

    @property
    def timestamp(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Message:
    """A decoded record: CloudEvents attributes as strings, parsed data (None if it is not JSON) and other headers.

    `written_at` is the timestamp of the record in milliseconds since 1970.
    """

    topic: str
    partition: int
    offset: int
    written_at: int
    key: str | None
    attributes: dict[str, str]
    headers: dict[str, str]
    data: Any
    value: bytes | None

    @property
    def type(self) -> str:
        """The type without the common prefix and suffix, such as `group.created`."""
        return short_type(self.attributes.get("type", ""))

    def as_json(self) -> dict[str, Any]:
        """Return topic, partition, offset, key and the structured CloudEvent as one JSON object."""
        record = {"topic": self.topic, "partition": self.partition, "offset": self.offset, "key": self.key}
        return {**record, **self.attributes, "data": self.data}


def short_type(type_: str) -> str:
    """Return `group.create` for `producer-registry.group.create.v1`. Other texts are returned unchanged."""
    if type_.startswith("producer-registry.") and type_.endswith(".v1"):
        return type_.removeprefix("producer-registry.").removesuffix(".v1")
    return type_


def read(from_broker: Record) -> Message:
    """Decode a record. It never fails: attributes are empty without a CloudEvent, and data is None without JSON."""
    attributes: dict[str, str] = {}
    headers: dict[str, str] = {}
    for name, raw in from_broker.headers:
        text = (raw or b"").decode(errors="backslashreplace")
        if name.startswith("ce_"):
            attributes[name.removeprefix("ce_")] = text
        else:
            headers[name] = text
    data = _json(from_broker.value)
    if isinstance(data, dict) and headers.get("content-type", "").startswith("application/cloudevents+json"):
        attributes = {name: str(value) for name, value in data.items() if name not in {"data", "data_base64"}}
        data = _data(data)
    key = None if from_broker.key is None else from_broker.key.decode(errors="backslashreplace")
    return Message(
        from_broker.topic,
        from_broker.partition,
        from_broker.offset,
        from_broker.timestamp,
        key,
        attributes,
        headers,
        data,
        from_broker.value,
    )


def _data(event: dict[str, Any]) -> Any:
    encoded = event.get("data_base64")
    if not isinstance(encoded, str):
        return event.get("data")
    try:
        return _json(base64.b64decode(encoded, validate=True))
    except ValueError:
        return None


def _json(value: bytes | None) -> Any:
    try:
        return orjson.loads((value or b"null").removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return None
