"""A few tasks go on in each interval."""

import asyncio

import pytest

from service.http import middleware
from service.http.jwks import UNKNOWN_KEY_SECONDS, KeySet
from service.http.pace import Pace
from tests.support.issuer import Issuer
from tests.unit.http.api_client import api_client

SECONDS = 0.02
EARLY = 0.002
"""The clock of a timer may be this much ahead."""


async def test_tasks_go_on_in_order_and_a_few_in_each_interval() -> None:
    pace, loop, done = Pace(2, SECONDS), asyncio.get_running_loop(), list[tuple[float, int]]()

    async def one(number: int) -> None:
        await pace.turn()
        done.append((loop.time(), number))

    begun = loop.time()
    async with asyncio.TaskGroup() as tasks:
        for number in range(7):
            tasks.create_task(one(number))
    assert [number for _, number in done] == list(range(7))
    # A task may go on late, so the time since the one before says nothing.
    assert all(at - begun > (number // 2) * (SECONDS - EARLY) for at, number in done)


async def test_nobody_waits_while_few_tasks_come() -> None:
    pace = Pace(2, SECONDS)
    for _ in range(3):
        for _ in range(2):
            begun = pace.turn()
            try:
                begun.send(None)
            except StopIteration:
                continue
            raise AssertionError("it waits")
        await asyncio.sleep(2 * SECONDS)


async def test_a_task_that_comes_later_does_not_overtake_those_that_wait() -> None:
    pace, done = Pace(1, 0.001), list[int]()

    async def one(number: int) -> None:
        await pace.turn()
        done.append(number)

    async with asyncio.TaskGroup() as tasks:
        for number in range(5):
            tasks.create_task(one(number))
        await asyncio.sleep(0.001)
        for number in range(5, 10):
            tasks.create_task(one(number))
    assert done == list(range(10))


async def test_cancelled_tasks_take_no_place() -> None:
    pace, done = Pace(1, 60), list[int]()

    async def one(number: int) -> None:
        await pace.turn()
        done.append(number)

    tasks = [asyncio.create_task(one(number)) for number in range(5)]
    await asyncio.sleep(0)
    for task in tasks[1:4]:
        task.cancel()
    pace._next()
    await asyncio.wait(tasks)
    assert done == [0, 4]


async def test_nothing_is_scheduled_while_nobody_comes() -> None:
    pace = Pace(1, 0.001)
    await pace.turn()
    await asyncio.sleep(0.02)
    assert pace._timer is None


@pytest.mark.parametrize("key_id", ["ec", "unknown"])
async def test_requests_get_their_keys_one_after_the_other(key_id: str) -> None:
    """Each of them verifies a signature then, or is refused, and other requests must not wait for all of that."""
    issuer, now, turn, turns = Issuer(), [0.0], 0, list[int]()
    keys = KeySet("memory", ["ES256"], read=lambda _: issuer.jwks(), now=lambda: now[0])
    await keys.key("ec", "ES256")
    # The first request for an unknown key makes all of them wait for the same fetch.
    now[0] += UNKNOWN_KEY_SECONDS

    async def one() -> None:
        await keys.key(key_id, "ES256")
        turns.append(turn)

    tasks = [asyncio.create_task(one()) for _ in range(9)]
    while len(turns) < len(tasks):
        await asyncio.sleep(0)
        turn += 1
    assert len(set(turns)) == len(tasks)


@pytest.mark.parametrize(("parameters", "waits"), [(100, False), (101, True)])
async def test_requests_with_many_parameters_are_processed_at_a_pace(
    parameters: int, waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "MANY_PARAMETERS_SECONDS", 3600.0)
    query = "&".join(f"p{number}" for number in range(parameters))
    async with api_client(Issuer()) as client:
        path = f"/openapi.json?{query}"
        first = await client.get(path)
        second = asyncio.create_task(client.get(path))
        assert first.status_code == 400
        if waits:
            await asyncio.sleep(0.1)
            assert not second.done()
            second.cancel()
        else:
            assert (await second).status_code == 400
