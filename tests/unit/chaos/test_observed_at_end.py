"""At the end of every run the HTTP answers are read, for all roles of its processes."""

from typing import cast

import pytest

from tests.chaos.execute import observed
from tests.chaos.run import Run
from tests.support.checker.observed import HttpAnswers


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
        self.reader = self
        self.requested: list[StubService] = []

    @property
    def living(self) -> list[StubService]:
        return self.services

    def add(self, *arguments: str) -> StubService:
        self.services.append(StubService(*arguments))
        return self.services[-1]

    def start(self, service: StubService) -> None:
        self.supervised.add(service)

    async def read_all(self, service: StubService) -> HttpAnswers:
        assert service in self.supervised, "a request before the start"
        self.requested.append(service)
        return HttpAnswers()


@pytest.mark.parametrize("arguments", [(), ("--role", "api")])
async def test_a_process_with_the_api_is_used(arguments: tuple[str, ...]) -> None:
    run = StubRun(StubService("--role", "relay"), StubService(*arguments))
    await observed(cast("Run", run))
    assert run.requested == [run.services[1]]


async def test_a_process_with_the_api_is_started_when_none_runs() -> None:
    run = StubRun(StubService("--role", "consumers"), StubService("--role", "relay"))
    await observed(cast("Run", run))
    assert [service.arguments for service in run.requested] == [("--role", "api")]
