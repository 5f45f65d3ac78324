"""The publisher over a stub of the client library's producer."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    UnknownTopicOrPartitionError,
)

from consumers import publisher as module
from consumers.publisher import Publisher, PublishFailed
from service.contract.message import Message
from service.settings import Settings

SETTINGS = Settings(kafka_bootstrap_servers="127.0.0.1:1")
Trouble = Callable[[str, Sequence[bytes]], Exception | None]


class StubBatch:
    """Takes up to `most` messages."""

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
    """A broker; `trouble` says what it answers to a batch of values, `log` is what it took."""

    trouble: Trouble = lambda _topic, _values: None
    most: int = 100
    topics: dict[str, int] = field(default_factory=lambda: {"events": 1, "outcomes": 1})
    log: dict[str, list[bytes]] = field(default_factory=dict)
    producers: list["StubProducer"] = field(default_factory=list)
    silent: bool = False
    away: bool = False
    dumb: bool = False
    stumbles: bool = False
    ends: bool = True

    def make(self, **_: object) -> "StubProducer":
        producer = StubProducer(self)
        self.producers.append(producer)
        return producer


class _Accumulator:
    def fail_all(self, _: Exception) -> None:
        pass


class _Cluster:
    def __init__(self, topics: dict[str, int]) -> None:
        self._topics = topics

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return set(range(self._topics[topic])) if topic in self._topics else None


class _Client:
    def __init__(self, kafka: StubKafka) -> None:
        self._kafka = kafka

    async def close(self) -> None:
        pass

    async def fetch_all_metadata(self) -> _Cluster:
        if self._kafka.dumb:
            raise KafkaError("no metadata")
        return _Cluster(self._kafka.topics)


class StubProducer:
    """A producer of the stub broker."""

    def __init__(self, kafka: StubKafka) -> None:
        self.kafka = kafka
        self.stopped = False
        self.client = _Client(kafka)
        self._message_accumulator = _Accumulator()

    async def start(self) -> None:
        if self.kafka.away:
            raise KafkaConnectionError("nobody there")

    async def stop(self) -> None:
        self.stopped = True
        while not self.kafka.ends:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)
        if self.kafka.stumbles:
            raise KeyError("a batch that was on its way")

    async def partitions_for(self, topic: str) -> set[int]:
        if topic not in self.kafka.topics or self.kafka.dumb:
            raise UnknownTopicOrPartitionError(topic)
        return set(range(self.kafka.topics[topic]))

    def create_batch(self) -> StubBatch:
        return StubBatch(self.kafka.most)

    async def send_batch(self, batch: StubBatch, topic: str, *, partition: int) -> asyncio.Future[None]:
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        error = self.kafka.trouble(topic, batch.values)
        if error is not None:
            answer.set_exception(error)
        elif not self.kafka.silent:
            self.kafka.log.setdefault(f"{topic}-{partition}", []).extend(batch.values)
            answer.set_result(None)
        return answer


def publisher(kafka: StubKafka) -> Publisher:
    return Publisher(SETTINGS, kafka.make)


def messages(topic: str, *values: str, key: bytes = b"key") -> list[Message]:
    return [
        Message("id", "group", "g", "producer-registry.group.created.v1", topic, key, value.encode(), [], 0, 0)
        for value in values
    ]


async def test_messages_arrive_in_order_when_they_need_several_batches() -> None:
    kafka = StubKafka(most=2)
    assert await publisher(kafka).send(messages("events", *"abcde")) == set(range(5))
    assert kafka.log == {"events-0": [b"a", b"b", b"c", b"d", b"e"]}


async def test_nothing_behind_a_failed_batch_is_sent_and_other_partitions_are() -> None:
    kafka = StubKafka(lambda _, values: KafkaConnectionError("cut") if b"c" in values else None, most=2)
    with pytest.raises(PublishFailed) as failed:
        await publisher(kafka).send([*messages("events", *"abcdef"), *messages("outcomes", "x")])
    assert failed.value.sent == {0, 1, 6}
    assert kafka.log == {"events-0": [b"a", b"b"], "outcomes-0": [b"x"]}


@pytest.mark.parametrize("error", [OutOfOrderSequenceNumber(), KafkaConnectionError("cut"), MessageSizeTooLargeError()])
async def test_a_new_producer_is_made_when_the_broker_refused_a_batch(error: Exception) -> None:
    kafka = StubKafka(lambda _, values: error if values == [b"poison"] else None)
    sender = publisher(kafka)
    with pytest.raises(PublishFailed):
        await sender.send(messages("events", "poison"))
    await sender.send(messages("outcomes", "fine"))
    assert [producer.stopped for producer in kafka.producers] == [True, False]


async def test_a_topic_gets_one_message_at_a_time_when_a_batch_is_too_long_for_it() -> None:
    kafka = StubKafka(lambda _, values: MessageSizeTooLargeError() if len(values) > 1 else None)
    sender = publisher(kafka)
    with pytest.raises(PublishFailed):
        await sender.send(messages("events", *"abc"))
    assert await sender.send(messages("events", *"abc")) == {0, 1, 2}
    assert sender.held_back is None


async def test_only_the_key_of_a_message_that_no_topic_takes_is_held_back() -> None:
    kafka = StubKafka(lambda _, values: MessageSizeTooLargeError() if b"huge" in values else None)
    sender = publisher(kafka)
    chunk = [*messages("events", "a"), *messages("events", "huge", "after", key=b"other"), *messages("events", "b")]
    for _ in range(2):
        with pytest.raises(PublishFailed):
            await sender.send(chunk)
    kafka.log.clear()
    assert await sender.send(chunk) == {0, 3}
    assert kafka.log == {"events-0": [b"a", b"b"]}
    assert "longer than its topic takes: events" in str(sender.held_back)
    sender.try_all()
    assert sender.held_back is None


async def test_other_topics_get_their_messages_when_one_does_not_exist() -> None:
    kafka = StubKafka()
    sender = publisher(kafka)
    assert await sender.send([*messages("replies", "lost"), *messages("events", "a")]) == {1}
    assert sender.held_back == "topics that do not exist: replies"
    kafka.topics["replies"] = 1
    sender.try_all()
    assert await sender.send(messages("replies", "lost")) == {0}


async def test_no_topic_is_held_back_when_the_broker_only_says_nothing_of_it() -> None:
    kafka = StubKafka(dumb=True)
    sender = publisher(kafka)
    with pytest.raises(PublishFailed, match="no metadata"):
        await sender.send(messages("events", "a"))
    assert sender.held_back is None
    kafka.dumb = False
    assert await sender.send(messages("events", "a")) == {0}


async def test_sending_fails_in_time_when_the_broker_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEND_SECONDS", 0.05)
    kafka = StubKafka(silent=True)
    with pytest.raises(PublishFailed, match="no answer in time"):
        await publisher(kafka).send(messages("events", "a"))
    assert kafka.producers[0].stopped


async def test_sending_fails_when_no_broker_is_there_and_works_when_it_is() -> None:
    kafka = StubKafka(away=True)
    sender = publisher(kafka)
    with pytest.raises(PublishFailed, match="nobody there"):
        await sender.send(messages("events", "a"))
    kafka.away = False
    assert await sender.send(messages("events", "a")) == {0}


async def test_a_producer_is_given_up_when_its_sender_stumbles_over_what_was_on_its_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SEND_SECONDS", 0.05)
    kafka = StubKafka(silent=True, stumbles=True)
    sender = publisher(kafka)
    with pytest.raises(PublishFailed, match="no answer in time"):
        await sender.send(messages("events", "a"))
    kafka.silent = False
    assert await sender.send(messages("events", "a")) == {0}
    await sender.abort()


async def test_a_producer_that_does_not_end_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLOSE_SECONDS", 0.01)
    kafka = StubKafka(ends=False)
    sender = publisher(kafka)
    try:
        async with asyncio.timeout(5):
            assert await sender.send(messages("events", "a")) == {0}
            await sender.abort()
            assert await sender.send(messages("events", "b")) == {0}, "with a new one"
            await sender.close()
    finally:
        kafka.ends = True
