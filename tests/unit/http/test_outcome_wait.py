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
    assert await waiting.first(30) == UNKNOWN
    waiting.published(0, 7)


async def test_a_known_command_is_answered_by_the_first_check(waits: OutcomeWaits, session: StubSession) -> None:
    session.by_id["one"] = DECIDED
    with waits.register("/http/ann", "one") as waiting:
        assert await waiting.first(30) == DECIDED
        assert await waiting.outcome(30) == DECIDED
    assert waits.waiting == 0


async def test_a_notification_answers_all_requests_with_one_statement(
    waits: OutcomeWaits, session: StubSession
) -> None:
    with waits.register("/x", "a") as one, waits.register("/x", "b") as two, waits.register("/x", "c") as three:
        await asyncio.gather(*map(published, (one, two, three)))
        session.by_id = {"a": DECIDED, "b": DECIDED}
        session.notify()
        assert (await one.outcome(30), await two.outcome(30)) == (DECIDED, DECIDED)
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
                await new.first(30)
        assert await lost.outcome(30) == DECIDED


async def test_a_batch_that_was_reported_before_the_place_was_known_is_not_missed(
    waits: OutcomeWaits, session: StubSession
) -> None:
    with waits.register("/x", "one") as waiting:
        assert await waiting.first(30) == UNKNOWN
        session.by_id["one"] = DEAD
        session.notify()
        waiting.published(0, 7)
        assert await waiting.outcome(30) == DEAD


async def test_a_command_on_its_way_is_not_looked_for_until_its_place_is_known(
    waits: OutcomeWaits, session: StubSession
) -> None:
    with waits.register("/x", "a") as placed, waits.register("/x", "b") as away, waits.register("/x", "c") as later:
        await asyncio.gather(published(placed), away.first(30), later.first(30))
        # The topic is looked up for the first place, and then all requests are checked.
        session.notify()
        await eventually(lambda: session.origins[-1] is not None)
        later.publishing()
        session.asked.clear()
        session.by_id["a"] = DECIDED
        session.notify()
        assert await placed.outcome(30) == DECIDED
        assert session.asked == [["a"]]
        # Since its report, the first one may be decided. No batch was reported since the other one was sent.
        session.by_id["b"] = DECIDED
        away.published(0, 8)
        assert await away.outcome(30) == DECIDED
        later.publishing()
        later.published(0, 9)
        for _ in range(50):
            await asyncio.sleep(0)
        assert session.asked == [["a"], ["b"]]


async def test_a_first_look_that_a_lost_session_did_not_answer_is_repeated(
    waits: OutcomeWaits, session: StubSession
) -> None:
    session.by_id["one"] = DECIDED
    session.is_open = False
    with waits.register("/x", "one") as waiting:
        assert await waiting.first(30) == DECIDED


async def test_a_wait_ends_after_its_time(waits: OutcomeWaits) -> None:
    with waits.register("/x", "one") as waiting:
        await published(waiting)
        with pytest.raises(TimeoutError):
            await waiting.outcome(0.01)
    with waits.register("/x", "two") as waiting, pytest.raises(TimeoutError):
        await waiting.first(-1)


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
        assert await waiting.outcome(30) == DECIDED


async def test_a_command_behind_the_mark_ends_the_wait_only_with_a_place(
    waits: OutcomeWaits, session: StubSession
) -> None:
    session.by_id["one"] = DEAD
    with waits.register("/x", "one") as waiting:
        assert await waiting.first(30) == DEAD
        session.notify()
        await asyncio.sleep(0)
        assert not waiting.ended.done()
        waiting.published(0, 7)
        assert await waiting.outcome(30) == DEAD
    assert session.origins[0] is None


async def test_requests_are_checked_once_after_each_connect(waits: OutcomeWaits, session: StubSession) -> None:
    with waits.register("/x", "one") as one, waits.register("/x", "two") as two:
        await asyncio.gather(published(one), published(two))
        session.by_id = {"one": DECIDED, "two": DECIDED}
        session.is_open = False
        session.notify()
        assert (await one.outcome(30), await two.outcome(30)) == (DECIDED, DECIDED)
        assert sorted(session.asked[-1]) == ["one", "two"]
    assert session.opened == 2


async def test_a_lost_session_is_replaced_before_a_request_is_refused(
    waits: OutcomeWaits, session: StubSession
) -> None:
    with waits.register("/x", "one") as waiting:
        await waiting.first(30)
    for _ in range(2):
        session.is_open = False
        with waits.register("/x", "two") as waiting:
            assert await waiting.first(30) == UNKNOWN


async def test_a_request_is_refused_before_it_publishes_while_the_database_is_away(
    waits: OutcomeWaits, session: StubSession
) -> None:
    with waits.register("/x", "old") as old:
        await published(old)
        session.failing = True
        with waits.register("/x", "new") as new, pytest.raises(StoreUnavailable):
            await new.first(30)
        assert not session.is_open, "the session whose statement failed"
        assert not old.ended.done()
        session.failing, session.by_id["old"] = False, DECIDED
        assert await old.outcome(30) == DECIDED


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
        assert await waiting.outcome(30) == DECIDED


async def test_no_statement_runs_while_nobody_waits(
    waits: OutcomeWaits, session: StubSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    with waits.register("/x", "one") as waiting:
        await waiting.first(30)
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
        assert await waiting.outcome(30) == DECIDED
    attempts = session.listen_attempts
    with waits.register("/x", "two") as waiting:
        await published(waiting)
        session.by_id["two"] = DECIDED
        session.notify()
        assert await waiting.outcome(30) == DECIDED
    assert session.listen_attempts == attempts


async def test_no_request_waits_when_the_process_ends(waits: OutcomeWaits, session: StubSession) -> None:
    with waits.register("/x", "one") as one, waits.register("/x", "two") as two:
        await published(one)
        waits.end()
        with pytest.raises(WaitEnded):
            await one.outcome(30)
        await published(two)
        with pytest.raises(WaitEnded):
            await two.outcome(30)
    session.by_id["three"] = DECIDED
    with waits.register("/x", "three") as three:
        assert await three.first(30) == DECIDED
