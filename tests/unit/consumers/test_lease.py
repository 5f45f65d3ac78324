"""A relay sends nothing when its session was not confirmed lately."""

from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from consumers.relay.lease import LEASE_SECONDS, Lease, send_while_valid
from consumers.relay.relay import HEARTBEAT_SECONDS, HEARTBEAT_TIMEOUT_SECONDS
from service.store.session import HOLDING_LOCKS


class Clock:
    """A clock that the test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Client:
    """A client that accepts every request."""

    def __init__(self) -> None:
        self.requests: list[Any] = []

    async def send(self, node: int, request: str, *, group: str = "") -> str:
        self.requests.append((node, request, group))
        return "sent"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lease(clock: Clock) -> Lease:
    return Lease(clock)


def test_a_lease_begins_when_its_statement_was_sent_not_when_it_was_answered(lease: Lease, clock: Clock) -> None:
    states = [lease.is_valid]
    with lease.confirmed():
        clock.now += LEASE_SECONDS - 1
    states.append(lease.is_valid)
    clock.now += 1
    states.append(lease.is_valid)
    assert states == [False, True, False]


def test_a_statement_that_fails_confirms_nothing(lease: Lease) -> None:
    with pytest.raises(OSError, match="away"), lease.confirmed():
        raise OSError("away")
    assert not lease.is_valid


async def test_a_client_sends_only_with_a_valid_lease(lease: Lease, clock: Clock) -> None:
    client = Client()
    send_while_valid(client, lease)
    with lease.confirmed():
        pass
    assert await client.send(1, "first", group="produce") == "sent"
    clock.now += LEASE_SECONDS
    with pytest.raises(KafkaConnectionError, match="not confirmed"):
        await client.send(1, "late")
    with lease.confirmed():
        pass
    lease.end()
    with pytest.raises(KafkaConnectionError):
        await client.send(1, "after the end")
    assert client.requests == [(1, "first", "produce")]


def test_the_lease_ends_before_the_database_gives_the_shards_of_a_relay_that_hangs_to_another_one() -> None:
    idle_seconds = int(HOLDING_LOCKS["idle_session_timeout"]) / 1000
    assert HEARTBEAT_SECONDS + HEARTBEAT_TIMEOUT_SECONDS < LEASE_SECONDS < idle_seconds
