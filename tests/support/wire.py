"""Commands as senders write them: CloudEvents on Kafka, binary or structured, each with its ledger entry."""

import json
from collections.abc import Mapping
from itertools import count
from typing import Any

from service.contract.catalogue import wire_type
from service.contract.record import Reason
from service.contract.topics import Topics
from tests.support import history
from tests.support.checker.evidence import MARKER, Sent

Headers = tuple[tuple[str, bytes | None], ...]


class Writer:
    """Creates records and their ledger entries; markers are counted, so the same seed gives the same markers."""

    def __init__(self, name: str, topics: Topics) -> None:
        self.name = name
        self.topics = topics
        self._numbers = count(1)

    def command(self, command: history.Sent, *, structured: bool = False, more: Headers = ()) -> Sent:
        """Return the record of a command."""
        subject, expected = command["subject"], command["expectedversion"]
        attributes = {
            "specversion": "1.0",
            "id": command["id"],
            "source": command["source"],
            "type": wire_type(command["type"]),
            **({} if subject is None else {"subject": subject}),
            **({} if expected is None else {"expectedversion": str(expected)}),
        }
        write = structured_event if structured else binary_event
        value, headers = write(attributes, command["data"])
        topic = self.topics.commands if command["topic"] == "commands" else self.topics.operator_commands
        return self.record(topic, command["key"], value, (*headers, *more), description=f"{command['type']} {subject}")

    def record(
        self,
        topic: str,
        key: str | None,
        value: bytes | None,
        headers: Headers,
        *,
        dead: Reason | None = None,
        description: str = "",
    ) -> Sent:
        """Return any record with its own marker; `dead` is the expected dead-letter reason."""
        marker = f"{self.name}/{next(self._numbers)}"
        marked = (*headers, (MARKER, marker.encode()))
        return Sent(marker, topic, None if key is None else key.encode(), value, marked, dead, description=description)


def binary_event(attributes: Mapping[str, str], data: object) -> tuple[bytes, Headers]:
    """Return the value and headers of an event in binary mode."""
    named = tuple((f"ce_{name}", value.encode()) for name, value in attributes.items())
    return json.dumps(data).encode(), (("content-type", b"application/json"), *named)


def structured_event(attributes: Mapping[str, str], data: object) -> tuple[bytes, Headers]:
    """Return the value and headers of an event in structured mode."""
    event: dict[str, Any] = {**attributes, "datacontenttype": "application/json", "data": data}
    return json.dumps(event).encode(), (("content-type", b"application/cloudevents+json; charset=utf-8"),)
