"""At the end of every run the HTTP answers are read, for all roles of its processes."""

from typing import cast

import pytest

from tests.chaos.execute import serving
from tests.chaos.run import Run


class StubService:
    """A process with these arguments, ready at once."""

    def __init__(self, *arguments: str) -> None:
        self.arguments = arguments

    async def ready(self) -> bool:
        return True

    def suspended(self) -> bool:
        return False


class StubRun:
    """A run whose processes are all alive."""

    def __init__(self, *services: StubService) -> None:
        self.services = list(services)
        self.supervised = set(services)

    @property
    def living(self) -> list[StubService]:
        return self.services

    def add(self, *arguments: str) -> StubService:
        self.services.append(StubService(*arguments))
        return self.services[-1]

    def start(self, service: StubService) -> None:
        self.supervised.add(service)


@pytest.mark.parametrize("arguments", [(), ("--role", "api")])
async def test_a_process_with_the_api_is_used(arguments: tuple[str, ...]) -> None:
    run = StubRun(StubService("--role", "relay"), StubService(*arguments))
    service: object = await serving(cast("Run", run))
    assert service is run.services[1]


async def test_a_process_with_the_api_is_started_when_none_runs() -> None:
    run = StubRun(StubService("--role", "consumers"), StubService("--role", "relay"))
    service: object = await serving(cast("Run", run))
    assert [service] == run.services[2:]
    assert run.services[2].arguments == ("--role", "api")
    assert service in run.supervised
