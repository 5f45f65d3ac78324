"""Stubs of a broker and of the client library's producer, with answers that a test defines."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

from aiokafka import TopicPartition
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from consumers.relay.publisher import Publisher
from service.contract.message import Message
from service.settings import Settings

SETTINGS = Settings(kafka_bootstrap_servers="127.0.0.1:1")
Trouble = Callable[[str, Sequence[bytes]], Exception | None]


class StubBatch:
    """Accepts up to `most` messages."""

    def __init__(self, most: int) -> None:
        self.values: list[bytes] = []
        self._most = most

    def append(self, *, timestamp: None, key: bytes, value: bytes, headers: object) -> object | None:
        if len(self.values) == self._most:
            return None
        self.values.append(value)
        return self

    def close(self) -> None:
        pass


@dataclass
class StubKafka:
    """A broker; `trouble` returns its answer to a batch of values, `log` has the accepted values, `requests` all."""

    trouble: Trouble = lambda _topic, _values: None
    most: int = 100
    topics: dict[str, int] = field(default_factory=lambda: {"events": 1, "outcomes": 1})
    forbidden: set[str] = field(default_factory=set)
    leaderless: set[tuple[str, int]] = field(default_factory=set)
    log: dict[str, list[bytes]] = field(default_factory=dict)
    requests: list[list[bytes]] = field(default_factory=list)
    producers: list["StubProducer"] = field(default_factory=list)
    now: float = 1000.0
    silent: bool = False
    away: bool = False
    without_metadata: bool = False
    unanswered: bool = False
    sender_fails: bool = False
    ends: bool = True

    def make(self, **options: object) -> "StubProducer":
        producer = StubProducer(self, options)
        self.producers.append(producer)
        return producer

    def publisher(self, *, held: bool = False) -> Publisher:
        """Return a publisher whose clock is `now`."""
        return Publisher(SETTINGS, self.make, held=held, monotonic=lambda: self.now)


class _Accumulator:
    def fail_all(self, _: Exception) -> None:
        pass


class _Cluster:
    def __init__(self, kafka: StubKafka) -> None:
        self._kafka = kafka

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        topics = self._kafka.topics
        return set(range(topics[topic])) if topic in topics else None

    def leader_for_partition(self, tp: TopicPartition) -> int:
        return -1 if tuple(tp) in self._kafka.leaderless else 1


class _Client:
    def __init__(self, kafka: StubKafka) -> None:
        self._kafka = kafka
        self.cluster = _Cluster(kafka)
        self.looks = 0

    async def force_metadata_update(self) -> bool:
        self.looks += 1
        return not self._kafka.unanswered

    async def close(self) -> None:
        pass

    async def fetch_all_metadata(self) -> _Cluster:
        if self._kafka.without_metadata:
            raise KafkaError("no metadata")
        return self.cluster


class StubProducer:
    """A producer of the stub broker."""

    def __init__(self, kafka: StubKafka, options: dict[str, object]) -> None:
        self.kafka, self.options = kafka, options
        self.stopped = False
        self.client = _Client(kafka)
        self._message_accumulator = _Accumulator()
        self._sender = SimpleNamespace()

    async def start(self) -> None:
        if self.kafka.away:
            raise KafkaConnectionError("no broker")

    async def stop(self) -> None:
        self.stopped = True
        while not self.kafka.ends:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)
        if self.kafka.sender_fails:
            raise KeyError("a batch in flight")

    async def partitions_for(self, topic: str) -> set[int]:
        if topic in self.kafka.forbidden:
            raise TopicAuthorizationFailedError(topic)
        if topic not in self.kafka.topics or self.kafka.without_metadata:
            raise UnknownTopicOrPartitionError(topic)
        return set(range(self.kafka.topics[topic]))

    def create_batch(self) -> StubBatch:
        return StubBatch(self.kafka.most)

    async def send_batch(self, batch: StubBatch, topic: str, *, partition: int) -> "asyncio.Future[None]":
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.kafka.requests.append(batch.values)
        error = self.kafka.trouble(topic, batch.values)
        if error is not None:
            answer.set_exception(error)
        elif not self.kafka.silent:
            self.kafka.log.setdefault(f"{topic}-{partition}", []).extend(batch.values)
            answer.set_result(None)
        return answer


def messages(topic: str, *values: str, key: bytes | None = b"key", first: int = 0) -> list[Message]:
    """Return messages of a topic and key, at positions from `first` on."""
    return [
        Message("id", "group", "g", "producer-registry.group.created.v1", topic, key, value.encode(), [], 0, position)
        for position, value in enumerate(values, first)
    ]
