"""Tasks that nobody waits for: when one ends in an unforeseen way, the process does."""

import asyncio
from pathlib import Path

import pytest

from consumers.assignment import Ending
from consumers.health import Health
from consumers.relay import Relay
from consumers.run import Consumers
from service.settings import load


async def test_the_process_halts_when_the_relay_dies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def dying(_: Relay) -> None:
        raise KeyError("nobody foresaw it")

    async def no_client(_: Consumers) -> object:
        return Client()

    monkeypatch.setattr(Relay, "run", dying)
    monkeypatch.setattr(Consumers, "_client", no_client)
    ending = Ending(asyncio.Event())
    settings = load(
        {"database_url": "postgresql://nobody", "kafka_bootstrap_servers": "nobody:1", "data_dir": tmp_path}
    )
    consumers = Consumers(settings, Health(["broker", "relay"]), ending, reads=False, publishes=True)
    async with asyncio.timeout(5):
        await asyncio.wait((asyncio.create_task(consumers.run()),))
    assert ending.stop.is_set()
    assert ending.reason is not None
    assert "nobody foresaw it" in ending.reason


class Client:
    """A client of a broker that never answers."""

    async def send(self, *_: object, **__: object) -> None:
        await asyncio.Event().wait()

    def get_random_node(self) -> int:
        return 0

    async def close(self) -> None:
        return
