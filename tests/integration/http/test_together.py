"""Callers who are answered together, from documents that are kept, get what a statement of their own would give."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

import orjson
import pytest

from service.core.world import World
from service.settings import Settings
from service.store import caller_page
from service.store.caller_page import CallerPages
from service.store.code_page import Items, Page
from service.store.errors import StoreRace
from service.store.pool import create_pool
from tests.integration.http import seeds
from tests.integration.http.asker import Asker

ACCOUNT = "/account/v1/producer-codes"
SEEDS = seeds.WORLD
DAY = date(2026, 11, 22)
CODE = SEEDS.codes["pc:6"]
SUBJECTS = [seeds.ANN, seeds.BEN, "ben", "pc:400", "nobody", "no one"]


async def _page(asker: Asker, subject: str, page: Page, *, renewal: bool = False) -> Items | None:
    visible = ["301-008578", "501-002542"]
    return await asker.reader.codes_of_caller(subject, renewal=renewal, on=DAY, visible=visible, page=page)


@pytest.mark.parametrize("renewal", [False, True])
async def test_answers_equal_those_of_a_statement_of_their_own(reported: Asker, renewal: bool) -> None:
    for _ in range(2):
        for size, offset in ((25, 0), (1, 0), (1, 1)):
            together = await asyncio.gather(
                *(_page(reported, subject, Page(size, offset), renewal=renewal) for subject in SUBJECTS)
            )
            for subject, items in zip(SUBJECTS, together, strict=True):
                alone = await _page(reported, subject, Page(size, offset, total=True), renewal=renewal)
                assert items is not None
                assert alone is not None
                assert items == replace(alone, total=None)


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
async def test_kept_document_is_not_shown_after_a_change(reported: Asker, after: World) -> None:
    before = await reported.body(ACCOUNT, sub=seeds.ANN)
    assert "Other" not in str(before)
    async with reported.meanwhile(after, SEEDS):
        assert "Other" in str(await reported.body(ACCOUNT, sub=seeds.ANN))
    assert await reported.body(ACCOUNT, sub=seeds.ANN) == before


async def test_change_is_seen_by_who_asks_while_others_are_answered(reported: Asker) -> None:
    asking = [asyncio.create_task(reported.codes(ACCOUNT, sub=seeds.ANN)) for _ in range(20)]
    await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
    suspended = {**SEEDS.codes, CODE.id: replace(CODE, status="Suspended", version=2)}
    crowd = True

    async def keep_asking() -> None:
        while crowd:
            await reported.codes(ACCOUNT, sub=seeds.ANN)

    crowded = [asyncio.create_task(keep_asking()) for _ in range(4)]
    async with reported.meanwhile(replace(SEEDS, codes=suspended), SEEDS):
        for _ in range(10):
            assert CODE.code not in await reported.codes(ACCOUNT, sub=seeds.ANN)
    assert CODE.code in await reported.codes(ACCOUNT, sub=seeds.ANN)
    crowd = False
    await asyncio.gather(*asking, *crowded)


@pytest.fixture
async def pages(reported: Asker) -> AsyncIterator[CallerPages]:
    """Pages that nobody asked before."""
    pool = await create_pool(Settings(database_url=reported.database_url), "test")
    try:
        yield CallerPages(pool)
    finally:
        await pool.close()


async def _reported(pages: CallerPages) -> list[str]:
    items = await pages.page(seeds.ANN, renewal=False, on=DAY, visible=[], page=Page())
    assert items is not None
    return [item["attributes"]["code"] for item in orjson.loads(items.data)]


@pytest.mark.parametrize(
    ("limit", "value", "kept"),
    [
        pytest.param("KEPT", 1, 1, id="number"),
        pytest.param("KEPT_BYTES", 1000, 1, id="bytes"),
        pytest.param("KEPT_BYTES", 100, 0, id="one too large"),
        pytest.param("KEPT_BYTES", 10_000, 2, id="room for all"),
    ],
)
async def test_no_more_documents_are_kept_than_number_and_bytes_allow(
    pages: CallerPages, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, kept: int
) -> None:
    monkeypatch.setattr(caller_page, limit, value)
    for _ in range(3):
        assert await _reported(pages) == ["100-002541", "501-002542"]
        assert len(pages.kept) == kept


async def test_documents_that_change_all_the_time_are_a_race(
    pages: CallerPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = caller_page.documents_statement().replace(" AS stamp", " || 'x' AS stamp", 1)
    monkeypatch.setattr(caller_page, "_DOCUMENTS", text)
    with pytest.raises(StoreRace):
        await _reported(pages)
