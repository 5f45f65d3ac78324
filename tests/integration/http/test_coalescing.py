"""Request coalescing and cached documents return the same results as separate statements."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest

from service.core.world import World
from service.settings import Settings
from service.store import caller_page, document_cache
from service.store.caller_page import CallerPages
from service.store.code_page import Items, Page
from service.store.errors import StoreRace
from service.store.pool import create_pool
from tests.integration.http import seeds
from tests.integration.http.registry_client import RegistryClient

ACCOUNT = "/account/v1/producer-codes"
SEEDS = seeds.WORLD
DAY = date(2026, 11, 22)
CODE = SEEDS.codes["pc:6"]
SUBJECTS = [seeds.ANN, seeds.BEN, "ben", "pc:400", "nobody", "no one"]


async def _page(registry: RegistryClient, subject: str, page: Page, *, renewal: bool = False) -> Items | None:
    visible = ["301-008578", "501-002542"]
    return await registry.reader.codes_of_caller(subject, renewal=renewal, on=DAY, visible=visible, page=page)


@pytest.mark.parametrize("renewal", [False, True])
async def test_coalesced_results_equal_those_of_separate_statements(
    seeded_registry: RegistryClient, renewal: bool
) -> None:
    for _ in range(2):
        for size, offset in ((25, 0), (1, 0), (1, 1)):
            coalesced = await asyncio.gather(
                *(_page(seeded_registry, subject, Page(size, offset), renewal=renewal) for subject in SUBJECTS)
            )
            for subject, items in zip(SUBJECTS, coalesced, strict=True):
                separate = await _page(seeded_registry, subject, Page(size, offset, total=True), renewal=renewal)
                assert items is not None
                assert separate is not None
                assert items == replace(separate, total=None)


async def test_codes_that_are_read_at_the_same_time_share_statements(
    seeded_registry: RegistryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, ids = seeded_registry.reader, [*SEEDS.codes, "no-code", *SEEDS.codes]
    separate = [await reader.code(code_id, list(SEEDS.organizations), None) for code_id in ids]
    assert None not in separate[: len(SEEDS.codes)]
    statements: list[str] = []
    rows = reader._rows

    async def counted(query: str, *values: object) -> Any:
        statements.append(query)
        return await rows(query, *values)

    monkeypatch.setattr(reader, "_rows", counted)
    assert await asyncio.gather(*(reader.code(code_id, None, None) for code_id in ids)) == separate
    assert 1 <= len(statements) <= 4


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(
            replace(SEEDS, codes={**SEEDS.codes, CODE.id: replace(CODE, description="Other", version=2)}), id="code"
        ),
        pytest.param(
            replace(
                SEEDS,
                organizations={
                    id_: replace(one, display_name="Other", version=2) for id_, one in SEEDS.organizations.items()
                },
            ),
            id="organization",
        ),
        pytest.param(
            replace(
                SEEDS,
                branches={id_: replace(one, display_name="Other", version=2) for id_, one in SEEDS.branches.items()},
            ),
            id="branch",
        ),
        pytest.param(
            replace(
                SEEDS, roles={id_: replace(one, display_name="Other", version=2) for id_, one in SEEDS.roles.items()}
            ),
            id="role",
        ),
    ],
)
async def test_cached_document_is_not_returned_after_a_change(seeded_registry: RegistryClient, after: World) -> None:
    before = await seeded_registry.body(ACCOUNT, sub=seeds.ANN)
    assert "Other" not in str(before)
    async with seeded_registry.changed(after, SEEDS):
        assert "Other" in str(await seeded_registry.body(ACCOUNT, sub=seeds.ANN))
    assert await seeded_registry.body(ACCOUNT, sub=seeds.ANN) == before


async def test_change_is_visible_to_concurrent_requests(seeded_registry: RegistryClient) -> None:
    requests = [asyncio.create_task(seeded_registry.codes(ACCOUNT, sub=seeds.ANN)) for _ in range(20)]
    await asyncio.wait(requests, return_when=asyncio.FIRST_COMPLETED)
    suspended = {**SEEDS.codes, CODE.id: replace(CODE, status="Suspended", version=2)}
    running = True

    async def send_requests() -> None:
        while running:
            await seeded_registry.codes(ACCOUNT, sub=seeds.ANN)

    background = [asyncio.create_task(send_requests()) for _ in range(4)]
    async with seeded_registry.changed(replace(SEEDS, codes=suspended), SEEDS):
        for _ in range(10):
            assert CODE.code not in await seeded_registry.codes(ACCOUNT, sub=seeds.ANN)
    assert CODE.code in await seeded_registry.codes(ACCOUNT, sub=seeds.ANN)
    running = False
    await asyncio.gather(*requests, *background)


@pytest.fixture
async def pages(seeded_registry: RegistryClient) -> AsyncIterator[CallerPages]:
    """Return pages without cached documents."""
    pool = await create_pool(Settings(database_url=seeded_registry.database_url), "test")
    try:
        yield CallerPages(pool)
    finally:
        await pool.connections.close()


async def _codes_of_ann(pages: CallerPages) -> list[str]:
    items = await pages.page(seeds.ANN, renewal=False, on=DAY, visible=[], page=Page())
    assert items is not None
    return [item["attributes"]["code"] for item in orjson.loads(items.data)]


@pytest.mark.parametrize(
    ("limit", "value", "cached"),
    [
        pytest.param("KEPT", 1, 1, id="number"),
        pytest.param("KEPT_BYTES", 1000, 1, id="bytes"),
        pytest.param("KEPT_BYTES", 100, 0, id="one too large"),
        pytest.param("KEPT_BYTES", 10_000, 2, id="room for all"),
    ],
)
async def test_no_more_documents_are_kept_than_number_and_bytes_allow(
    pages: CallerPages, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, cached: int
) -> None:
    monkeypatch.setattr(document_cache, limit, value)
    # The first answer opens connections, so that it is not known whether the same server gave all of it.
    await _codes_of_ann(pages)
    for _ in range(3):
        assert await _codes_of_ann(pages) == ["100-002541", "501-002542"]
        assert len(pages.kept) == cached


async def test_constantly_changing_documents_raise_store_race(
    pages: CallerPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = caller_page.documents_statement().replace(" AS stamp", " || 'x' AS stamp", 1)
    monkeypatch.setattr(caller_page, "_DOCUMENTS", text)
    with pytest.raises(StoreRace):
        await _codes_of_ann(pages)
