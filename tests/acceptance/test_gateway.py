"""The API of a process behind a gateway on the same machine, which adds headers about the caller."""

import asyncio

import pytest

from tests.support.http_client import http_client
from tests.support.registry import Registry


@pytest.fixture
async def api(registry: Registry) -> int:
    """The port of the API of a process that trusts the gateway."""
    service = await registry.started("--role", "api", trusted_proxies="127.0.0.1")
    return service.api_port


async def test_the_gateway_is_trusted_by_its_own_address(api: int) -> None:
    """X-Forwarded-For names another address, which must not be taken for that of the gateway."""
    headers = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Prefix": "/registry"}
    async with http_client(api) as client:
        answer = await client.get("/nowhere", headers=headers)
    assert (answer.status_code, answer.json()["instance"]) == (404, "/registry/nowhere")


async def test_raw_bytes_in_the_url_are_a_problem_with_a_request_id(api: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", api)
    writer.write(b"GET /groups/m\xfcller HTTP/1.1\r\nHost: registry\r\n\r\n")
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"\r\ncontent-type: application/problem+json\r\n" in answer
    assert b"\r\nx-request-id: " in answer
