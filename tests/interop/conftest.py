"""A registry with its process, and the programs of the four languages."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.interop.program import LANGUAGES, Program, build, javascript
from tests.support.ladder import Rung
from tests.support.process import Service
from tests.support.registry import Registry, new_registry


@pytest.fixture(params=LANGUAGES)
def program(request: pytest.FixtureRequest) -> Program:
    """The program of each language."""
    return build(request.param)


@pytest.fixture(scope="session")
def node() -> Path:
    """The folder of the JavaScript programs, with the packages that they require."""
    return javascript()


@pytest.fixture(scope="module")
async def registry(
    postgres_url: str,
    database_template: str,
    kafka_bootstrap: str,
    broker_rung: Rung,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Registry]:
    """A registry, shared by the tests of a module."""
    folder, idempotent = tmp_path_factory.mktemp("registry"), broker_rung.is_apache
    async with new_registry(
        postgres_url, database_template, kafka_bootstrap, folder, idempotent=idempotent
    ) as registry:
        yield registry


@pytest.fixture(scope="module")
async def service(registry: Registry) -> Service:
    """Its process, with consumers, relay and API."""
    return await registry.started()
