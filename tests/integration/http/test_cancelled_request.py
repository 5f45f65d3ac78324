"""A statement ends on the server when the last request that waits for it is cancelled, or has timed out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from unittest.mock import AsyncMock

import asyncpg
import httpx
import pytest

from consumers.health import Health
from service.http.app import create_app
from service.http.pace import Pace
from service.http.read_failures import PART, ReadFailures
from service.settings import Settings
from tests.integration.http import seeds
from tests.integration.http.registry_client import TRUSTED, RegistryClient, open_registry, token_headers
from tests.support.wait import eventually
from tests.unit.http.api_client import verifier

ACCOUNT, ALL = "/account/v1/producer-codes", "/admin/v1/producer-codes"
EXPENSIVE = f"{ALL}?filter=description:cn:x"
ACTIVE = """
    SELECT count(*) FROM pg_stat_activity
    WHERE application_name LIKE 'producer-registry test%' AND datname = current_database() AND state = 'active'
"""

Statements = Callable[[int], Awaitable[None]]


@pytest.fixture
async def registry(seeded_registry: RegistryClient) -> AsyncIterator[RegistryClient]:
    """Return a client whose requests, and their statements, may take ten minutes."""
    seconds = 600
    async with open_registry(
        seeded_registry.database_url, request_timeout_seconds=seconds, database_command_timeout_seconds=seconds
    ) as one:
        yield one


@pytest.fixture
async def statements(seeded_registry: RegistryClient) -> AsyncIterator[Statements]:
    """Return a function that waits until this many statements of readers are running."""
    connection = await asyncpg.connect(seeded_registry.database_url)

    async def until(number: int) -> None:
        async def is_true() -> bool:
            return bool(await connection.fetchval(ACTIVE) == number)

        await eventually(is_true, what=f"{number} statements")

    yield until
    await connection.close()


@pytest.mark.parametrize(
    "path", [ACCOUNT, ALL, f"{ALL}/pc:6", EXPENSIVE, f"/admin/v1/users/{seeds.BEN}/producer-codes"]
)
async def test_the_statement_of_a_cancelled_request_ends(
    registry: RegistryClient, statements: Statements, path: str
) -> None:
    async with registry.locked("producer_code"):
        request = asyncio.create_task(registry.get(path, sub="ben"))
        await statements(1)
        request.cancel()
        await asyncio.wait((request,))
        await statements(0)
    assert (await registry.get(path, sub="ben")).status_code == 200


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all tokens be verified in the same turn of the event loop, so that the reads share a statement."""
    monkeypatch.setattr(Pace, "turn", AsyncMock())


@pytest.mark.usefixtures("shared")
async def test_a_shared_statement_ends_with_the_last_request_that_waits_for_it(
    registry: RegistryClient, statements: Statements
) -> None:
    async with registry.locked("producer_code"):
        requests = [asyncio.create_task(registry.get(ACCOUNT, sub=sub)) for sub in (seeds.ANN, seeds.BEN, "ben")]
        await statements(1)
        for request in requests[:-1]:
            request.cancel()
        await asyncio.wait(requests[:-1])
        await statements(1)
        requests[-1].cancel()
        await asyncio.wait(requests[-1:])
        await statements(0)


@pytest.mark.usefixtures("shared")
async def test_a_shared_statement_goes_on_for_the_last_request_that_waits_for_it(
    registry: RegistryClient, statements: Statements
) -> None:
    async with registry.locked("producer_code"):
        first, last = (asyncio.create_task(registry.get(ACCOUNT, sub=sub)) for sub in (seeds.ANN, seeds.BEN))
        await statements(1)
        first.cancel()
        await asyncio.wait((first,))
        await statements(1)
    assert (await last).status_code == 200


@pytest.mark.parametrize("path", [ACCOUNT, ALL, EXPENSIVE])
async def test_the_statement_of_a_request_that_timed_out_ends(
    registry: RegistryClient, statements: Statements, path: str
) -> None:
    # The statement itself may take ten minutes, so it is the request that ends it.
    settings = Settings(request_timeout_seconds=5)
    app = create_app(settings, registry.reader, registry.reader, verifier(TRUSTED), ReadFailures(Health([PART])))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://registry.example") as client:
        # The session is open after the first request, so the time of the second one is left to its statement.
        assert (await client.get(path, headers=token_headers())).status_code == 200
        async with registry.locked("producer_code"):
            request = asyncio.create_task(client.get(path, headers=token_headers()))
            await statements(1)
            assert (await request).status_code == 503
            await statements(0)
