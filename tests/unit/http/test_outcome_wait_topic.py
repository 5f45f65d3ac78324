"""The command topic in checks of waiting requests: asked for once a second, trusted for two, never awaited."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest

from service.http import outcome_wait
from service.http.outcome_wait import ASK_SECONDS, TRUSTED_SECONDS, OutcomeWaits
from service.store.offset_fence import Origin
from tests.support.wait import eventually
from tests.unit.http.outcome_session_stub import DECIDED, UNKNOWN, StubSession

TOPIC = Origin("cluster")


class Broker:
    """A broker that answers while `answers` is set, the clock, and the number of questions that began and ended."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.answers = asyncio.Event()
        self.asked = 0
        self.ended = 0

    async def origin(self) -> Origin | None:
        self.asked += 1
        try:
            await self.answers.wait()
        finally:
            self.ended += 1
        return TOPIC


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    one = Broker()
    monkeypatch.setattr(outcome_wait, "time", SimpleNamespace(monotonic=lambda: one.now))
    monkeypatch.setattr(outcome_wait, "LISTENING_SECONDS", 3600.0)
    return one


@pytest.fixture
def session() -> StubSession:
    return StubSession()


@pytest.fixture
async def waits(session: StubSession, broker: Broker) -> AsyncIterator[OutcomeWaits]:
    waits = OutcomeWaits(session, broker.origin, most=3)
    task = asyncio.create_task(waits.run())
    async with asyncio.timeout(30):
        yield waits
    task.cancel()
    await asyncio.wait((task,))
    await eventually(lambda: broker.ended == broker.asked, what="the end of the last question")


async def checked(session: StubSession) -> Origin | None:
    """Run a check, and return the topic that it used."""
    before = len(session.origins)
    session.notify()
    await eventually(lambda: len(session.origins) > before, what="a check")
    return session.origins[-1]


async def test_checks_do_not_wait_for_the_broker(waits: OutcomeWaits, session: StubSession, broker: Broker) -> None:
    with waits.register("/x", "one") as waiting:
        await waiting.first(30)
        waiting.published(0, 7)
        for _ in range(3):
            assert await checked(session) is None
        assert broker.asked == 1
        session.by_id["one"] = DECIDED
        session.notify()
        assert await waiting.outcome(30) == DECIDED


async def test_the_broker_is_not_asked_before_a_command_is_published(
    waits: OutcomeWaits, session: StubSession, broker: Broker
) -> None:
    broker.answers.set()
    with waits.register("/x", "one") as one, waits.register("/x", "two") as two:
        assert (await one.first(30), await two.first(30)) == (UNKNOWN, UNKNOWN)
        assert set(session.origins) == {None}
        assert broker.asked == 0
        one.published(0, 7)
        two.published(0, 8)
        session.notify()
        # The answer itself causes a check with it, of both requests.
        await eventually(lambda: session.origins[-1] == TOPIC, what="a check with the topic")
        assert sorted(session.asked[-1]) == ["one", "two"]


async def test_an_answer_of_the_broker_is_used_for_two_seconds(
    waits: OutcomeWaits, session: StubSession, broker: Broker
) -> None:
    broker.answers.set()
    with waits.register("/x", "one") as waiting:
        await waiting.first(30)
        waiting.published(0, 7)
        session.notify()
        await eventually(lambda: session.origins[-1] == TOPIC, what="a check with the topic")
        broker.answers.clear()
        broker.now += ASK_SECONDS - 0.1
        assert await checked(session) == TOPIC
        assert broker.asked == 1
        broker.now += 0.2
        assert await checked(session) == TOPIC
        assert broker.asked == 2
        broker.now += TRUSTED_SECONDS
        assert await checked(session) is None
        assert broker.asked == 2
