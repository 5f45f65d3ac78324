"""The parts of the API that need the broker: when there are any, and that they end with the process."""

import asyncio
from typing import Any

import pytest

from consumers.shutdown import Shutdown
from service.cli import http_writes
from service.cli.http_writes import BrokerSide, broker_side, check_writes
from service.http.outcome_wait import OutcomeWaits, TooManyWaiting
from service.settings import InvalidSettings, Settings
from tests.unit.http.outcome_session_stub import StubSession

BROKER = "kafka.example:9092"


class Part:
    """A publisher or a topic; it notes that it is closed."""

    def __init__(self, *_: object) -> None:
        self.closed = False

    async def close(self) -> None:
        self.closed = True

    async def origin(self) -> None:
        pass


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The parts by their class; their connections are stubs."""
    made: dict[str, Any] = {"CommandPublisher": Part(), "TopicIdentity": Part(), "OutcomeSession": StubSession()}
    for name, one in made.items():
        monkeypatch.setattr(http_writes, name, lambda *_, one=one: one)
    return made


def settings(writes: str, brokers: str = BROKER, **more: Any) -> Settings:
    """Settings of an API."""
    return Settings(http_writes=writes, kafka_bootstrap_servers=brokers, **more)


@pytest.mark.parametrize(("writes", "brokers"), [("auto", ""), ("off", ""), ("auto", BROKER), ("on", BROKER)])
def test_writes_do_not_require_a_broker_unless_they_are_required(writes: str, brokers: str) -> None:
    check_writes(settings(writes, brokers))


def test_required_writes_require_a_broker() -> None:
    with pytest.raises(InvalidSettings):
        check_writes(settings("on", ""))


async def test_without_a_broker_there_are_no_parts(parts: dict[str, Any]) -> None:
    async with broker_side(settings("auto", ""), Shutdown(asyncio.Event())) as side:
        assert side == BrokerSide()


async def test_without_writes_only_the_topic_is_known(parts: dict[str, Any]) -> None:
    topic = parts["TopicIdentity"]
    async with broker_side(settings("off"), Shutdown(asyncio.Event())) as side:
        assert side == BrokerSide(topic.origin)
    assert topic.closed


async def test_all_parts_end_with_the_process(parts: dict[str, Any]) -> None:
    shutdown = Shutdown(asyncio.Event())
    async with broker_side(settings("auto", http_writes_waiting=2), shutdown) as side:
        assert side.writes is not None
        assert side.writes[0] == parts["CommandPublisher"]
        waits = side.writes[1]
        with waits.register("/x", "a") as one, waits.register("/x", "b"):
            await one.first(30)
            with pytest.raises(TooManyWaiting):
                waits.register("/x", "c")
        assert not parts["CommandPublisher"].closed
    assert parts["CommandPublisher"].closed
    assert parts["TopicIdentity"].closed
    assert not parts["OutcomeSession"].is_open
    assert shutdown.reason is None


async def test_the_process_ends_when_outcomes_cannot_be_read(
    parts: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(OutcomeWaits, "run", broken)
    shutdown = Shutdown(asyncio.Event())
    async with asyncio.timeout(30), broker_side(settings("auto"), shutdown):
        await shutdown.stop.wait()
    assert "outcomes of HTTP writes" in str(shutdown.reason)
