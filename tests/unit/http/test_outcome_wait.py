"""Requests that wait for outcomes: one statement answers all, and none of them misses its outcome."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from service.http import outcome_wait
from service.http.outcome_wait import OutcomeWaits, TooManyWaiting, WaitEnded, Waiting
from service.store.errors import StoreUnavailable
from service.store.offset_fence import Origin
from tests.support.wait import eventually
from tests.unit.http.outcome_session_stub import DEAD, DECIDED, UNKNOWN, StubSession


@pytest.fixture
def session() -> StubSession:
    return StubSession()


@pytest.fixture
async def waits(session: StubSession, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OutcomeWaits]:
    monkeypatch.setattr(outcome_wait, "LISTENING_SECONDS", 3600.0)
    monkeypatch.setattr(outcome_wait, "ALONE_SECONDS", 3600.0)
    monkeypatch.setattr(outcome_wait, "RECONNECT_SECONDS", 0.01)

    async def origin() -> Origin | None:
        return Origin("cluster")

    waits = OutcomeWaits(session, origin, most=3)
    task = asyncio.create_task(waits.run())
    async with asyncio.timeout(30):
        yield waits
    task.cancel()
    await asyncio.wait((task,))
    assert not session.is_open


async def published(waiting: Waiting) -> None:
    """Wait for the first check, as a request does, and take a place."""
    assert await waiting.first() == UNKNOWN
    waiting.published(0, 7)


async def test_a_known_command_is_answered_by_the_first_check(waits: OutcomeWaits, session: StubSession) -> None:
    session.by_id["one"] = DECIDED
    with waits.register("/http/ann", "one") as waiting:
        assert await waiting.first() == DECIDED
        assert await waiting.outcome() == DECIDED
    assert waits.waiting == 0


async def test_a_notification_answers_all_requests_with_one_statement(
    waits: OutcomeWaits, session: StubSession
) -> None:
    with waits.register("/x", "a") as one, waits.register("/x", "b") as two, waits.register("/x", "c") as three:
        await asyncio.gather(*map(published, (one, two, three)))
        session.by_id = {"a": DECIDED, "b": DECIDED}
        session.notify()
        assert (await one.outcome(), await two.outcome()) == (DECIDED, DECIDED)
        assert not three.ended.done()
        assert any(sorted(asked) == ["a", "b", "c"] for asked in session.asked)


async def test_a_new_request_is_checked_alone(waits: OutcomeWaits, session: StubSession) -> None:
    with waits.register("/x", "a") as one:
        await published(one)
        # The topic is looked up for the first place, and then all requests are checked.
        session.notify()
        await eventually(lambda: session.origins[-1] is not None)
        session.asked.clear()
        with waits.register("/x", "b") as two:
            await published(two)
        assert session.asked == [["b"]]


async def test_new_requests_do_not_put_off_the_check_of_all(
    waits: OutcomeWaits, session: StubSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome_wait, "LISTENING_SECONDS", 0.01)
    with waits.register("/x", "lost") as lost:
        await published(lost)
        session.by_id["lost"] = DECIDED
        while not lost.ended.done():
            with waits.register("/x", "new") as new:
                await new.first()
        assert await lost.outcome() == DECIDED


async def test_a_batch_that_was_reported_before_the_place_was_known_is_not_missed(
    waits: OutcomeWaits, session: StubSession
) -> None:
    with waits.register("/x", "one") as waiting:
        assert await waiting.first() == UNKNOWN
        session.by_id["one"] = DEAD
        asked = len(session.asked)
        session.notify()
        await eventually(lambda: len(session.asked) > asked)
        waiting.published(0, 7)
        assert await waiting.outcome() == DEAD


async def test_a_command_decided_during_a_check_is_found_by_the_next_one(
    waits: OutcomeWaits, session: StubSession
) -> None:
    def decide() -> None:
        session.by_id["one"] = DECIDED
        session.notify()

    with waits.register("/x", "one") as waiting:
        await published(waiting)
        session.on_states = decide
        session.notify()
        assert await waiting.outcome() == DECIDED


async def test_a_command_behind_the_mark_ends_the_wait_only_with_a_place(
    waits: OutcomeWaits, session: StubSession
) -> None:
    session.by_id["one"] = DEAD
    with waits.register("/x", "one") as waiting:
        assert await waiting.first() == DEAD
        session.notify()
        await asyncio.sleep(0)
        assert not waiting.ended.done()
        waiting.published(0, 7)
        assert await waiting.outcome() == DEAD
    assert session.origins[0] is None


async def test_requests_are_checked_once_after_each_connect(waits: OutcomeWaits, session: StubSession) -> None:
    with waits.register("/x", "one") as one, waits.register("/x", "two") as two:
        await asyncio.gather(published(one), published(two))
        session.by_id = {"one": DECIDED, "two": DECIDED}
        session.is_open = False
        session.notify()
        assert (await one.outcome(), await two.outcome()) == (DECIDED, DECIDED)
        assert sorted(session.asked[-1]) == ["one", "two"]
    assert session.opened == 2


async def test_a_lost_session_is_replaced_before_a_request_is_refused(
    waits: OutcomeWaits, session: StubSession
) -> None:
    with waits.register("/x", "one") as waiting:
        await waiting.first()
    for _ in range(2):
        session.is_open = False
        with waits.register("/x", "two") as waiting:
            assert await waiting.first() == UNKNOWN


async def test_a_request_is_refused_before_it_publishes_while_the_database_is_away(
    waits: OutcomeWaits, session: StubSession
) -> None:
    with waits.register("/x", "old") as old:
        await published(old)
        session.failing = True
        with waits.register("/x", "new") as new, pytest.raises(StoreUnavailable):
            await new.first()
        assert not session.is_open, "the session whose statement failed"
        assert not old.ended.done()
        session.failing, session.by_id["old"] = False, DECIDED
        assert await old.outcome() == DECIDED


@pytest.mark.parametrize(("listens", "name"), [(True, "LISTENING_SECONDS"), (False, "ALONE_SECONDS")])
async def test_requests_are_checked_without_notifications(
    waits: OutcomeWaits, session: StubSession, monkeypatch: pytest.MonkeyPatch, listens: bool, name: str
) -> None:
    session.listens = listens
    monkeypatch.setattr(outcome_wait, name, 0.01)
    with waits.register("/x", "one") as waiting:
        await published(waiting)
        # The answer of the broker wakes the check, too.
        await eventually(lambda: session.origins[-1], what="a check with the topic")
        session.by_id["one"] = DECIDED
        assert await waiting.outcome() == DECIDED


async def test_no_statement_runs_while_nobody_waits(
    waits: OutcomeWaits, session: StubSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    with waits.register("/x", "one") as waiting:
        await waiting.first()
    asked = len(session.asked)
    monkeypatch.setattr(outcome_wait, "LISTENING_SECONDS", 0.001)
    for _ in range(50):
        session.notify()
        await asyncio.sleep(0)
    assert len(session.asked) == asked


async def test_the_number_of_waiting_requests_is_limited(waits: OutcomeWaits) -> None:
    with waits.register("/x", "a"), waits.register("/x", "b"):
        with waits.register("/x", "c"), pytest.raises(TooManyWaiting):
            waits.register("/x", "d")
        with waits.register("/x", "d"):
            assert waits.waiting == 3
    assert waits.waiting == 0


async def test_a_standby_is_asked_to_listen_again(
    waits: OutcomeWaits, session: StubSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome_wait, "ALONE_SECONDS", 0.01)
    monkeypatch.setattr(outcome_wait, "LISTEN_AGAIN_SECONDS", 0.05)
    session.listens, session.is_open = False, False
    session.notify()

    def promoted() -> None:
        # What is decided before the server reports batches is not reported.
        session.by_id["one"] = DECIDED
        session.listens = True

    with waits.register("/x", "one") as waiting:
        await published(waiting)
        session.on_listen = promoted
        assert await waiting.outcome() == DECIDED
    attempts = session.listen_attempts
    with waits.register("/x", "two") as waiting:
        await published(waiting)
        session.by_id["two"] = DECIDED
        session.notify()
        assert await waiting.outcome() == DECIDED
    assert session.listen_attempts == attempts


async def test_no_request_waits_when_the_process_ends(waits: OutcomeWaits, session: StubSession) -> None:
    with waits.register("/x", "one") as one, waits.register("/x", "two") as two:
        await published(one)
        waits.end()
        with pytest.raises(WaitEnded):
            await one.outcome()
        await published(two)
        with pytest.raises(WaitEnded):
            await two.outcome()
    session.by_id["three"] = DECIDED
    with waits.register("/x", "three") as three:
        assert await three.first() == DECIDED
