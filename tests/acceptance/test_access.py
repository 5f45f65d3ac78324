"""A change is visible in the caller's next request after its event: no cache returns an older answer."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from service.http.development_key import sign
from tests.support.http_client import http_client
from tests.support.registry import Registry
from tests.support.scenario import ADDRESS

ROLES = [{"id": "a:role"}]


class Access:
    """A caller, `a:ana`, and a registry."""

    def __init__(self, registry: Registry, client: httpx2.AsyncClient) -> None:
        self._registry = registry
        self._client = client
        self._count = 0

    async def command(self, kind: str, subject: str, data: object) -> None:
        """Send a command and wait until it is accepted, with its event and outcome published."""
        self._count += 1
        await self._registry.accepted(kind, subject, data, id=f"access-{self._count}")

    async def codes(self, **query: str) -> list[str]:
        """Return the codes that the caller may use, from one request."""
        answer = await self._client.get("/account/v1/producer-codes", params=query)
        assert answer.status_code == 200, answer.text
        return [item["attributes"]["code"] for item in answer.json()["data"]]

    async def refused(self) -> int:
        """Return the status of a refused request."""
        return (await self._client.get("/account/v1/producer-codes")).status_code


@pytest.fixture
async def access(registry: Registry) -> AsyncIterator[Access]:
    service = await registry.started()
    folder = Path(str(registry.settings["jwks"])).parent
    token = sign(
        folder, subject="a:ana", scope="account:read", audience="producer-registry", issued_at=int(time.time())
    )
    headers = {"Authorization": f"Bearer {token}"}
    async with http_client(service.api_port, headers=headers) as client:
        caller = Access(registry, client)
        await caller.command("organization.put", "a:1", {"displayName": "One"})
        await caller.command("role.put", "a:role", {"displayName": "Role"})
        user = {"name": "Ana", "email": "ana@example.com", "organization": {"id": "a:1"}}
        await caller.command("user.create", "a:ana", user)
        office = {"type": "office", "value": ADDRESS, "distributor_id": "a:1"}
        await caller.command("group.create", "a:office", office)
        for code in ("A-1", "A-2"):
            body = {"code": code, "organization": {"id": "a:1"}, "roles": ROLES}
            await caller.command("producer-code.create", f"a:{code}", body)
        yield caller


async def test_a_caller_gains_and_loses_codes_with_the_event(access: Access) -> None:
    assert await access.codes() == []
    await access.command("user.add-producer-code", "a:ana", {"producerCode": {"id": "a:A-1"}})
    assert await access.codes() == ["A-1"], "association added"
    await access.command("group.add-producer-code", "a:office", {"producerCode": {"id": "a:A-2"}})
    await access.command("user.join-group", "a:ana", {"group_id": "a:office"})
    assert await access.codes() == ["A-1", "A-2"], "group joined"

    await access.command("producer-code.update", "a:A-1", {"producerStatus": {"code": "Suspended"}})
    assert await access.codes() == ["A-2"], "code suspended"
    await access.command("producer-code.update", "a:A-1", {"producerStatus": {"code": "Active"}})
    assert await access.codes() == ["A-1", "A-2"], "code active again"

    await access.command("organization.put", "a:1", {"displayName": "One", "producerStatus": {"code": "Limited"}})
    assert await access.codes() == [], "organization limited"
    assert await access.codes(use="renewal") == ["A-1", "A-2"]
    await access.command("organization.put", "a:1", {"displayName": "One"})
    assert await access.codes() == ["A-1", "A-2"]

    await access.command("user.leave-group", "a:ana", {"group_id": "a:office"})
    assert await access.codes() == ["A-1"], "group left"
    await access.command("user.remove-producer-code", "a:ana", {"producerCode": {"id": "a:A-1"}})
    assert await access.codes() == [], "association removed"

    await access.command("user.update", "a:ana", {"enabled": False})
    assert await access.refused() == 403, "user disabled"
