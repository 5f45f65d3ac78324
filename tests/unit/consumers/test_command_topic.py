"""The identity of the command topic: read again after a second, and unknown while the broker does not answer."""

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka.errors import KafkaConnectionError, UnknownTopicOrPartitionError

from consumers.kafka import command_topic as module
from consumers.kafka.cluster_identity import Identity
from consumers.kafka.command_topic import MAX_AGE_SECONDS, TopicIdentity
from service.settings import Settings
from service.store.offset_fence import Origin

TOPIC = "registry.commands.v1"


class Broker:
    """A broker with an answer or an error, a clock, and the clients that connected to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answer: Identity | BaseException = Identity("cluster", {TOPIC: "one"})
        self.now = 1000.0
        self.requests = 0
        self.opened = 0
        self.open = 0
        self.silent = False
        monkeypatch.setattr(module, "AIOKafkaClient", lambda **_: self)
        monkeypatch.setattr(module, "read_cluster_identity", self._identity)
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(module, "ANSWER_SECONDS", 0.05)

    async def bootstrap(self) -> None:
        self.opened += 1
        self.open += 1

    async def close(self) -> None:
        self.open -= 1

    async def _identity(self, _client: object, topics: list[str]) -> Identity:
        assert topics == [TOPIC]
        self.requests += 1
        await asyncio.sleep(0)
        if self.silent:
            await asyncio.Event().wait()
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    return Broker(monkeypatch)


async def test_callers_within_a_second_share_an_answer(broker: Broker) -> None:
    topic = TopicIdentity(Settings())
    assert broker.opened == 0
    found = await asyncio.gather(*(topic.origin() for _ in range(10)))
    assert found == [Origin("cluster", {TOPIC: "one"})] * 10
    assert broker.requests == 1

    broker.answer = Identity("cluster", {TOPIC: "recreated"})
    broker.now += MAX_AGE_SECONDS + 0.1
    assert await topic.origin() == Origin("cluster", {TOPIC: "recreated"})
    assert (broker.requests, broker.opened) == (2, 1)
    await topic.close()
    assert broker.open == 0


@pytest.mark.parametrize(
    "error", [KafkaConnectionError(), UnknownTopicOrPartitionError(TOPIC), OSError("refused"), None]
)
async def test_the_topic_is_unknown_until_the_broker_answers(broker: Broker, error: BaseException | None) -> None:
    topic = TopicIdentity(Settings())
    identity, broker.silent = broker.answer, error is None
    broker.answer = error or identity
    assert await topic.origin() is None
    assert await topic.origin() is None
    assert (broker.requests, broker.open) == (1, 0)

    broker.answer, broker.silent = identity, False
    broker.now += MAX_AGE_SECONDS + 0.1
    assert await topic.origin() == Origin("cluster", {TOPIC: "one"})
    assert (broker.opened, broker.open) == (2, 1)


async def test_a_cancelled_request_leaves_no_client(broker: Broker) -> None:
    topic = TopicIdentity(Settings())
    broker.answer = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await topic.origin()
    assert broker.open == 0
