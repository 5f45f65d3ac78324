"""Records of any topic of the registry, read for people: CloudEvents in both modes, and whatever else lies there."""

from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from service.contract import record


class Record(record.Record, Protocol):
    """What a Kafka client gives; `timestamp` in milliseconds since 1970."""

    @property
    def timestamp(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Message:
    """One record: CloudEvents attributes as texts, data parsed (None when it is not JSON), other headers as they are.

    `written_at` is the broker's time in milliseconds since 1970.
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
        """The type without what all types have in common: `group.created`."""
        return short_type(self.attributes.get("type", ""))

    def as_json(self) -> dict[str, Any]:
        """The message as one JSON object: where it lies, and the CloudEvent in structured form."""
        where = {"topic": self.topic, "partition": self.partition, "offset": self.offset, "key": self.key}
        return {**where, **self.attributes, "data": self.data}


def short_type(type_: str) -> str:
    """`group.create` for `producer-registry.group.create.v1`; any other text as it is."""
    if type_.startswith("producer-registry.") and type_.endswith(".v1"):
        return type_.removeprefix("producer-registry.").removesuffix(".v1")
    return type_


def read(from_broker: Record) -> Message:
    """Read a record; what is not a CloudEvent or not JSON is left out, never an error."""
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
        data = data.get("data")
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


def _json(value: bytes | None) -> Any:
    try:
        return orjson.loads(value or b"null")
    except orjson.JSONDecodeError:
        return None
