"""A process reads its files before it listens: later, clients may have taken all of its descriptors."""

import anyio._core._eventloop as backends
import pytest

from service.cli import composition
from service.cli.composition import running
from service.settings import InvalidSettings, load
from service.store import migrate


async def test_files_are_read_before_the_ports_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def in_use(host: str, port: int, field: str) -> None:
        raise InvalidSettings(["in use"])

    monkeypatch.setattr(composition, "_listening", in_use)
    monkeypatch.delitem(backends.loaded_backends, "asyncio", raising=False)
    migrate._versions_in.cache_clear()
    settings = load({"database_url": "postgresql://nobody", "kafka_bootstrap_servers": "nobody:1"})
    with pytest.raises(InvalidSettings, match="in use"):
        async with running(settings, "relay"):
            pass
    assert migrate._versions_in.cache_info().currsize == 1
    assert "asyncio" in backends.loaded_backends
