"""The benchmark measures Apache Kafka with the optimizing compiler of the JVM."""

import pytest

from tests.load import servers


class Chosen(Exception):
    """A broker was made, and is not started."""


async def test_the_broker_of_the_benchmark_is_for_load(monkeypatch: pytest.MonkeyPatch) -> None:
    class Postgres:
        def __init__(self, **_: object) -> None:
            pass

        async def start(self) -> None:
            pass

        async def stop(self) -> None:
            pass

    class Apache:
        def __init__(self, *, for_load: bool = False) -> None:
            raise Chosen(for_load)

    monkeypatch.setattr(servers, "Postgres", Postgres)
    monkeypatch.setattr(servers, "Apache", Apache)
    with pytest.raises(Chosen, match="True"):
        async with servers.opened(["apache"]):
            pass
