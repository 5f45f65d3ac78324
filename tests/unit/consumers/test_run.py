"""Background tasks: when one fails unexpectedly, the process ends."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiokafka.errors import GroupAuthorizationFailedError, KafkaConnectionError, UnknownTopicOrPartitionError
from structlog.testing import capture_logs

from consumers import run
from consumers.health import Health
from consumers.kafka.cluster_identity import Identity
from consumers.reading import join
from consumers.reading.assignment import READING
from consumers.reading.subscriber import Subscription
from consumers.relay.relay import Relay
from consumers.run import BROKER, Consumers
from consumers.shutdown import Shutdown
from service.settings import load
from tests.support.wait import eventually


def consumers(tmp_path: Path) -> tuple[Consumers, Health, Shutdown]:
    """The Kafka side of a process without servers."""
    shutdown, health = Shutdown(asyncio.Event()), Health([BROKER, READING, "relay"])
    settings = load(
        {"database_url": "postgresql://nobody", "kafka_bootstrap_servers": "nobody:1", "data_dir": tmp_path}
    )
    return Consumers(settings, health, shutdown, reads=False, publishes=True), health, shutdown


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The requested seconds of each wait; no wait takes time."""
    waits: list[float] = []

    async def pause(seconds: float, _: asyncio.Event) -> None:
        waits.append(seconds)

    for module in (run, join):
        monkeypatch.setattr(module, "pause", pause)
    return waits


async def test_the_process_ends_when_the_relay_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def dying(_: Relay) -> None:
        raise KeyError("an unexpected error")

    async def no_client(_: Consumers) -> object:
        return Client()

    monkeypatch.setattr(Relay, "run", dying)
    monkeypatch.setattr(Consumers, "_client", no_client)
    process, _, shutdown = consumers(tmp_path)
    async with asyncio.timeout(5):
        await asyncio.wait((asyncio.create_task(process.run()),))
    assert shutdown.stop.is_set()
    assert shutdown.reason is not None
    assert "an unexpected error" in shutdown.reason


async def joined(process: Consumers, subscription: Subscription) -> bool:
    """Join as a process does."""
    return await join.join(subscription, process._settings.consumer_group, process._health, process._shutdown)


class StubSubscription(Subscription):
    """Joins the group after this many refusals, or when `joined` is set."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.joined = asyncio.Event()
        self.stopped = 0

    async def start(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise GroupAuthorizationFailedError("group")
        await self.joined.wait()

    async def stop(self) -> None:
        self.stopped += 1


async def test_waits_grow_and_one_line_is_logged_while_the_group_refuses_the_consumer(
    tmp_path: Path, waits: list[float]
) -> None:
    process, health, _ = consumers(tmp_path)
    subscription = StubSubscription(refusals=9)
    subscription.joined.set()
    with capture_logs() as logs:
        assert await joined(process, subscription)
    assert [line["event"] for line in logs] == ["part_not_ready"]
    assert "cannot join" in str(health.readiness()[READING])
    assert health.readiness()[BROKER] == "starting", "the broker is another part, with its own loop"
    assert len(waits) == subscription.stopped == 9
    assert max(waits[:3]) < min(waits[6:]), "waits grow"


async def test_readiness_names_the_group_while_a_join_has_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(join, "JOIN_SECONDS", 0.0)
    process, health, _ = consumers(tmp_path)
    subscription = StubSubscription()
    starting = asyncio.create_task(joined(process, subscription))
    await eventually(
        lambda: "producer-registry" in str(health.readiness()[READING]), what="readiness that names the group"
    )
    subscription.joined.set()
    assert await starting
    assert subscription.stopped == 0, "it continued to wait"


async def test_waits_grow_while_the_command_topics_are_missing(
    tmp_path: Path, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([UnknownTopicOrPartitionError("topic")] * 6 + [None])

    found = Identity("cluster", {})

    async def read_cluster_identity(*_: object) -> Identity:
        if (error := next(answers)) is not None:
            raise error
        return found

    monkeypatch.setattr(run, "read_cluster_identity", read_cluster_identity)
    process, _, _ = consumers(tmp_path)
    assert await process._identity(Client(), ("topic",)) == found
    assert waits[-1] > waits[0]
    assert max(waits) <= 5.0, "created topics are noticed within seconds"


async def test_unknown_committed_offsets_are_logged_when_that_begins_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, _, _ = consumers(tmp_path)
    answers = iter([KafkaConnectionError("away"), KafkaConnectionError("away"), None, KafkaConnectionError("away")])

    async def check() -> None:
        if (error := next(answers)) is not None:
            raise error

    monkeypatch.setattr(process._settlement, "check", check)
    with capture_logs() as logs:
        for _ in range(4):
            await process._check_offsets()
    assert [line["event"] for line in logs] == [
        "committed_offsets_unknown",
        "committed_offsets_known_again",
        "committed_offsets_unknown",
    ]


class Client:
    """A client of a broker that never answers."""

    cluster = SimpleNamespace(brokers=list)

    async def send(self, *_: object, **__: object) -> None:
        await asyncio.Event().wait()

    async def close(self) -> None:
        return
