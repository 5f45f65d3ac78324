"""A failed read is in the log with its request, and in readiness until the same read succeeds."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import httpx2

from tests.support import privilege
from tests.support.bearer import bearer
from tests.support.http_client import http_client
from tests.support.process import Service
from tests.support.registry import Registry
from tests.support.watch import reported

ROLES, ORGANIZATIONS = "/admin/v1/roles/producer", "/admin/v1/organizations/pc:1"
REQUESTS = 5


@asynccontextmanager
async def calls(registry: Registry, service: Service) -> AsyncIterator[httpx2.AsyncClient]:
    """A client with a token."""
    headers = {"Authorization": f"Bearer {bearer(registry)}"}
    async with http_client(service.api_port, headers=headers) as client:
        yield client


def failures(service: Service) -> list[dict[str, str]]:
    """Return the log lines about failed reads."""
    lines = [json.loads(line) for line in service.log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == "read_failed"]


async def named(service: Service, text: str) -> bool:
    """Return whether the part of the API names this text, and the process is not ready."""
    status, parts = await reported(service)
    return status == 503 and text in parts["api"]


async def test_a_missing_privilege_is_reported_until_it_is_granted(registry: Registry, database_url: str) -> None:
    async with privilege.less(database_url, "SELECT ON role") as url:
        role = urlsplit(url).username
        service = await registry.started("--role", "api", database_url=url)
        async with calls(registry, service) as client:
            for number in range(REQUESTS):
                answer = await client.get(ROLES, headers={"X-Request-Id": f"request-{number}"})
                assert answer.status_code == 503
                assert "permission" not in answer.text
            text = f"permission denied for table role; the role {role} lacks SELECT on role"
            [line] = failures(service)
            assert (line["request_id"], line["level"]) == ("request-0", "warning")
            assert text in line["error"]
            assert await named(service, text)
            # Another read says nothing about the one that failed.
            assert (await client.get(ORGANIZATIONS)).status_code == 404
            assert await named(service, text)
        connection = await asyncpg.connect(database_url)
        await connection.execute(f"GRANT SELECT ON role TO {role}")
        await connection.close()
        await registry.ready(service)
        assert await service.stop() == 0, service.last_lines()


async def test_a_lack_of_connections_is_reported_until_there_is_one(registry: Registry, database_url: str) -> None:
    async with privilege.less(database_url, "DELETE ON inbox") as url:
        role = urlsplit(url).username
        connection = await asyncpg.connect(database_url)
        service = await registry.started("--role", "api", database_url=url)
        # The probe of the database has the only one.
        await connection.execute(f"ALTER ROLE {role} CONNECTION LIMIT 1")
        async with calls(registry, service) as client:
            assert (await client.get(ROLES)).status_code == 503
            [line] = failures(service)
            assert "too many connections for role" in line["error"]
            assert await named(service, "too many connections for role")
        await connection.execute(f"ALTER ROLE {role} CONNECTION LIMIT -1")
        await connection.close()
        await registry.ready(service)
        assert await service.stop() == 0, service.last_lines()


async def test_the_api_is_ready_before_its_first_request(registry: Registry) -> None:
    service = await registry.started("--role", "api")
    assert await reported(service) == (
        200,
        {"database": "ready", "migrations": "ready", "api": "ready", "keys": "ready"},
    )
