"""Kafka records for tests that need no broker."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from service.contract.envelope import Limits, Received, Undecodable, parse
from service.contract.topics import Topics

TOPICS = Topics()


@dataclass(frozen=True, slots=True)
class FakeRecord:
    """The attributes of aiokafka's ConsumerRecord that the registry reads."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class Log:
    """A partition to which records are appended; `read` parses the new records, or those from an offset."""

    def __init__(self, topic: str = TOPICS.commands, partition: int = 0, source: str = "/upstream") -> None:
        self.topic, self.partition, self.source = topic, partition, source
        self.records: list[FakeRecord] = []
        self._read = 0

    def send(self, id_: str, type_: str, subject: str | None, data: Mapping[str, object], **more: str) -> None:
        """Append a command in binary mode; `more` are other CloudEvents attributes such as expectedversion."""
        attributes = {
            "specversion": "1.0",
            "id": id_,
            "source": self.source,
            "type": f"producer-registry.{type_}.v1",
            **({} if subject is None else {"subject": subject}),
            **more,
        }
        headers = tuple((f"ce_{name}", value.encode()) for name, value in attributes.items())
        self.append(b"key", orjson.dumps(data), headers)

    def append(self, key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes | None], ...]) -> None:
        """Append a record with any bytes."""
        self.records.append(FakeRecord(self.topic, self.partition, len(self.records), key, value, headers))

    def read(self, start: int | None = None) -> list[Received | Undecodable]:
        """Parse the records since the last call, or since `start`."""
        first = self._read if start is None else start
        self._read = len(self.records)
        return parse(self.records[first:], TOPICS, Limits())
