"""Reads or sends events with the CloudEvents SDK for Python and librdkafka; program.py describes input and output."""

import json
import sys
import time
from base64 import b64encode
from datetime import datetime
from typing import Any, cast

from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, Producer, TopicPartition

DEADLINE = 120.0


def read(bootstrap: str, *topics: str) -> None:
    """Print the records of topics, each given as `topic=count`, which are all records of the topic."""
    counts = {name: int(count) for name, _, count in (topic.partition("=") for topic in topics)}
    remaining = sum(counts.values())
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "unused", "enable.auto.commit": False})
    known = consumer.list_topics(timeout=DEADLINE).topics
    consumer.assign([TopicPartition(name, one, OFFSET_BEGINNING) for name in counts for one in known[name].partitions])
    end = time.monotonic() + DEADLINE
    while remaining:
        if time.monotonic() > end:
            sys.exit(f"{remaining} records are missing")
        for record in consumer.consume(1000, 0.1):
            if error := record.error():
                sys.exit(str(error))
            sys.stdout.write(json.dumps(line(record)) + "\n")
            remaining -= 1
    consumer.close()


def line(record: Message) -> dict[str, Any]:
    """Return a record and the event that the SDK reads from it."""
    key, value, headers = cast("Any", (record.key(), record.value(), record.headers() or []))
    found: dict[str, Any] = {
        "topic": record.topic(),
        "partition": record.partition(),
        "offset": record.offset(),
        "key": text(key),
        "value": text(value),
        "headers": [(name, text(one)) for name, one in headers],
    }
    if value is None:
        return found
    # The SDK validates an event when it creates it. Its errors have no base class.
    try:
        event = from_kafka(KafkaMessage(dict(headers), key, value), JSONFormat())
        attributes = event.get_attributes()
        found["data"] = json.dumps(event.get_data())
        found["attributes"] = {
            name: one.isoformat() if isinstance(one, datetime) else str(one) for name, one in attributes.items()
        }
    except Exception as error:
        found["error"] = repr(error)
    return found


def text(value: bytes | None) -> str | None:
    """Return bytes in base64."""
    return None if value is None else b64encode(value).decode()


def send(bootstrap: str) -> None:
    """Send the commands of standard input, and print where each one was written."""
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "partitioner": "murmur2_random"})
    for command in map(json.loads, sys.stdin):
        attributes = dict(command["event"])
        data = attributes.pop("data")
        if "time" in attributes:
            attributes["time"] = datetime.fromisoformat(attributes["time"])
        event = CloudEvent(attributes, data)
        write = to_structured if command["mode"] == "structured" else to_binary
        message = write(event, JSONFormat())

        def written(error: object, record: Message, id_: str = event.get_id()) -> None:
            if error is not None:
                sys.exit(str(error))
            place = {"topic": record.topic(), "partition": record.partition(), "offset": record.offset()}
            sys.stdout.write(json.dumps({"id": id_, **place}) + "\n")

        producer.produce(
            command["topic"], message.value, command["key"], headers=[*message.headers.items()], on_delivery=written
        )
    if producer.flush(DEADLINE):
        sys.exit("commands were not written")


if __name__ == "__main__":
    {"read": read, "send": send}[sys.argv[1]](*sys.argv[2:])
