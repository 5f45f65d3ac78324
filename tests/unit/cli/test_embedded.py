"""The start of `dev`: the port of the API, and what is waited for."""

import asyncio
import socket

import pytest

from consumers.health import Health
from consumers.kafka.session import BrokerUnavailable
from consumers.shutdown import Shutdown
from service.cli import embedded
from service.cli.composition import Running, can_listen
from service.cli.embedded import NotReady, wait_until_ready, with_api_port
from service.settings import Settings, load

HOST = "127.0.0.1"
SERVERS: dict[str, object] = {"api_port": 0, "admin_port": 0}


def _settings(**given: object) -> Settings:
    return load(given)


def test_preferred_port_is_chosen_when_it_is_free() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
    assert with_api_port(_settings(**SERVERS), _settings(), port).api_port == port


def test_any_free_port_is_chosen_when_the_preferred_one_is_taken() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        assert not can_listen(HOST, port)
        assert with_api_port(_settings(**SERVERS), _settings(), port).api_port == 0
    assert can_listen(HOST, port)


def test_given_port_is_kept_when_the_preferred_one_is_free() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
    given = _settings(api_port=9999)
    assert with_api_port(given, given, port).api_port == 9999
    zero = _settings(api_port=0)
    assert with_api_port(zero, zero, port).api_port == 0, "0 is given, too: any free port"


def _ready_service() -> Running:
    health = Health(["part"])
    health.mark_ready("part")
    return Running("", "", health, Shutdown(asyncio.Event()))


async def test_the_stack_is_ready_when_every_partition_has_a_leader(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[list[str] | BrokerUnavailable] = [BrokerUnavailable("gone"), ["a:0: no leader", "a:1: no leader"], []]

    async def missing(_: Settings) -> list[str]:
        answer = answers.pop(0)
        if isinstance(answer, BrokerUnavailable):
            raise answer
        return answer

    monkeypatch.setattr(embedded, "missing_leaders", missing)
    await wait_until_ready(_settings(), _ready_service())
    assert answers == []


async def test_partitions_without_a_leader_are_named_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async def missing(_: Settings) -> list[str]:
        return ["a:0: no leader", "a:1: no leader", "b: unknown"]

    monkeypatch.setattr(embedded, "missing_leaders", missing)
    monkeypatch.setattr(embedded, "READY_SECONDS", 0.1)
    with pytest.raises(NotReady, match=r"^not ready after 0\.1 s: a:0: no leader; and 2 more$"):
        await wait_until_ready(_settings(), _ready_service())


async def test_a_part_that_is_not_ready_is_named_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    service = _ready_service()
    service.health.mark_not_ready("part", "a reason")
    monkeypatch.setattr(embedded, "READY_SECONDS", 0.1)
    with pytest.raises(NotReady, match=r": part: a reason$"):
        await wait_until_ready(_settings(), service)


async def test_a_service_that_stops_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    service = _ready_service()

    async def missing(_: Settings) -> list[str]:
        service.shutdown.reason = "a defect"
        service.shutdown.stop.set()
        return ["a:0: no leader"]

    monkeypatch.setattr(embedded, "missing_leaders", missing)
    with pytest.raises(NotReady, match=r"^a defect$"):
        await wait_until_ready(_settings(), service)
