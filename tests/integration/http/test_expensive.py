"""Reads that no index serves have slots and connections of their own, so that other callers do not wait for them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from service.http.concurrency_limit import ConcurrencyLimit
from service.telemetry import REGISTRY
from tests.integration.http.registry_client import RegistryClient, open_registry
from tests.support import database
from tests.support.wait import eventually

ACCOUNT, ALL = "/account/v1/producer-codes", "/admin/v1/producer-codes"
MANY, FEW = "/admin/v1/organizations/org:many/producer-codes", "/admin/v1/organizations/org:few/producer-codes"
EXPENSIVE_READS = 20
LAST_EXPENSIVE = """
    SELECT max(query_start) FROM pg_stat_activity
    WHERE application_name = 'producer-registry test-expensive' AND datname = current_database()
"""


@pytest.fixture(scope="module")
async def url(postgres_url: str, database_template: str) -> AsyncIterator[str]:
    """Return the URL of a database with owners of many and of few codes."""
    file = Path(__file__).parent / "many_codes.sql"
    async with database.filled_database(postgres_url, database_template, file) as name:
        yield database.url_of(postgres_url, name)


@pytest.fixture(scope="module")
async def registry(url: str) -> AsyncIterator[RegistryClient]:
    """Return a client of the registry with these codes."""
    async with open_registry(url, request_timeout_seconds=60) as one:
        yield one


async def _is_expensive(registry: RegistryClient, path: str, status: int, **claims: Any) -> bool:
    """Send a request, and return whether a connection for expensive reads was used."""
    connection = await asyncpg.connect(registry.database_url)
    try:
        before = await connection.fetchval(LAST_EXPENSIVE)
        answer = await registry.get(path, **claims)
        assert answer.status_code == status, answer.text
        return bool(await connection.fetchval(LAST_EXPENSIVE) != before)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "path",
    [
        f"{ALL}?includeTotal=true",
        f"{ALL}?sort=description",
        f"{ALL}?filter=description:cn:9",
        f"{ALL}?filter=producerStatus:eq:Active",
        f"{ALL}?filter=organization:in:org::few,org::other",
        f"{ALL}?filter=code:gt:0005&filter=branch:eq:x",
        f"{ALL}?pageOffset=9976",
        f"{MANY}?includeTotal=true",
        f"{MANY}?filter=description:cn:9",
        "/admin/v1/users/many/producer-codes?sort=description",
        "/admin/v1/groups/group:many/producer-codes?filter=code:gt:0005",
        "/groups?limit=101",
        "/producers?limit=101",
    ],
)
async def test_a_page_that_no_index_serves_is_expensive(registry: RegistryClient, path: str) -> None:
    assert await _is_expensive(registry, path, 200)


@pytest.mark.parametrize(
    "path",
    [
        ALL,
        f"{ALL}?sort=-code&pageSize=100&pageOffset=1100&filter=code:sw:000&filter=organization:eq:org::many",
        f"{ALL}?filter=code:eq:000001&includeTotal=true&sort=description",
        MANY,
        f"{FEW}?includeTotal=true&sort=description&filter=description:cn:9",
        "/admin/v1/users/few/producer-codes?includeTotal=true&sort=description",
        "/admin/v1/groups/group:few/producer-codes?filter=producerStatus:eq:Active",
        "/admin/v1/group/group:few/producer-codes?filter=producerStatus:eq:Active",
        "/groups?type=office&limit=100",
        "/producers?limit=100",
        f"{ALL}/code:1",
    ],
)
async def test_a_page_that_an_index_serves_or_of_few_codes_is_not_expensive(
    registry: RegistryClient, path: str
) -> None:
    assert not await _is_expensive(registry, path, 200)


@pytest.mark.parametrize(
    ("subject", "expensive"),
    [
        ("many", True),
        ("member of many", True),
        ("unsecured", True),
        ("few", False),
        ("member of few", False),
        ("nobody", False),
    ],
)
async def test_a_page_of_a_caller_is_expensive_when_the_caller_has_many_codes(
    registry: RegistryClient, subject: str, expensive: bool
) -> None:
    for query in ("filter=description:cn:9", "includeTotal=true", "sort=description"):
        assert await _is_expensive(registry, f"{ACCOUNT}?{query}", 200, sub=subject) == expensive
    assert not await _is_expensive(registry, ACCOUNT, 200, sub=subject)


@pytest.mark.parametrize(
    ("organizations", "expensive"),
    [(["org:many"], True), (["org:few"], False), ([], False), ([f"org:{number}" for number in range(11)], True)],
)
async def test_a_page_of_the_organizations_of_a_token_is_expensive_when_they_have_many_codes(
    registry: RegistryClient, organizations: list[str], expensive: bool
) -> None:
    assert await _is_expensive(registry, f"{ALL}?includeTotal=true", 200, organizations=organizations) == expensive


@pytest.mark.parametrize("path", ["/groups", "/producers"])
async def test_a_list_of_many_organizations_is_expensive(registry: RegistryClient, path: str) -> None:
    organizations = [f"org:{number}" for number in range(101)]
    for count, distributor, expensive in ((100, "", False), (101, "", True), (101, "&distributor_id=org:1", False)):
        query = f"{path}?limit=100{distributor}"
        assert await _is_expensive(registry, query, 200, organizations=organizations[:count]) == expensive


@pytest.mark.parametrize("path", ["organizations/x", "users/x", "groups/x"])
async def test_a_page_of_nothing_is_not_found(registry: RegistryClient, path: str) -> None:
    assert not await _is_expensive(registry, f"/admin/v1/{path}/producer-codes?includeTotal=true", 404)


async def test_expensive_reads_of_one_caller_do_not_delay_the_reads_of_others(registry: RegistryClient) -> None:
    async with registry.locked("producer_code"):
        path = f"{ALL}?filter=description:cn:9&sort=description&includeTotal=true"
        greedy = [asyncio.create_task(registry.get(path, sub="greedy")) for _ in range(EXPENSIVE_READS)]
        await eventually(lambda: _waiting() == EXPENSIVE_READS - 2, what="the expensive reads")
        for other in ("/groups", "/producers", "/admin/v1/organizations/org:many", "/admin/v1/roles/producer"):
            for subject in ("other", "greedy"):
                assert (await registry.get(other, sub=subject)).status_code == 200
        assert not any(request.done() for request in greedy)
    assert {answer.status_code for answer in await asyncio.gather(*greedy)} == {200}


async def test_expensive_reads_wait_for_a_slot_in_turns(
    registry: RegistryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{ALL}?includeTotal=true"
    take, begun = ConcurrencyLimit.try_take, list[str]()

    def noted(limit: ConcurrencyLimit, subject: str) -> bool:
        if taken := take(limit, subject):
            begun.append(subject)
        return taken

    async with registry.locked("producer_code"):
        greedy = [asyncio.create_task(registry.get(path, sub="greedy")) for _ in range(EXPENSIVE_READS)]
        await eventually(lambda: _waiting() == EXPENSIVE_READS - 2, what="the expensive reads")
        other = asyncio.create_task(registry.get(path, sub="other"))
        await eventually(lambda: _waiting() == EXPENSIVE_READS - 1, what="the read of another caller")
        # Which read ends first is a matter of chance, but not who gets the slot of the first one that ends.
        monkeypatch.setattr(ConcurrencyLimit, "try_take", noted)
    await asyncio.gather(*greedy, other)
    assert begun == ["other"] + ["greedy"] * (EXPENSIVE_READS - 2)


def _waiting() -> float | None:
    return REGISTRY.get_sample_value("producer_registry_http_requests_waiting", {"limit": "expensive"})
