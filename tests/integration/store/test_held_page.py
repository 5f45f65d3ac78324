"""Pages of held rows: limited over all shards and topics, and complete when all pages are read."""

import pytest

from service.settings import Settings
from service.store import held_store
from service.store.held_store import HELD_ROWS, HeldFrame
from service.store.outbox_store import OutboxStore
from tests.unit.consumers.outbox_stub import message, row

QUEUES = {(0, "events"): -1, (1, "events"): -1, (0, "outcomes"): -1}


def rows_of(shard: int, topic: str, first: int, count: int) -> list[HeldFrame]:
    """Return rows with two messages each."""
    starts = range(first, first + 2 * count, 2)
    return [row(message(at, b"a", topic, shard), message(at + 1, b"b", topic, shard)) for at in starts]


async def pages(store: OutboxStore) -> list[list[HeldFrame]]:
    """Read all pages, one after the other, as the release of held messages does."""
    after, found = dict(QUEUES), list[list[HeldFrame]]()
    while page := await store.held.page(after):
        found.append(page)
        after |= {(held.frame.shard, held.frame.topic): held.frame.position for held in page}
    return found


@pytest.mark.parametrize("limit", ["messages", "bytes", "rows"])
async def test_pages_are_limited_and_contain_every_row(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    rows = [*rows_of(0, "events", 0, 40), *rows_of(1, "events", 1000, 3), *rows_of(0, "outcomes", 2000, 40)]
    if limit == "messages":
        monkeypatch.setattr(held_store, "CHUNK_MESSAGES", 7)
    elif limit == "bytes":
        monkeypatch.setattr(held_store, "CHUNK_BYTES", 3 * rows[0].frame.raw_bytes + 100)
    store = OutboxStore(settings)
    await store.open(lambda _: None)
    await store.settle([], rows)
    found = await pages(store)
    assert sorted(h.frame.position for page in found for h in page) == [held.frame.position for held in rows]
    for queue in QUEUES:
        alike = [h.frame.position for page in found for h in page if (h.frame.shard, h.frame.topic) == queue]
        assert alike == sorted(alike)
    most = max(len(page) for page in found)
    assert most <= (3 if limit != "rows" else 2 * HELD_ROWS + 3)
    await store.close()


async def test_a_page_has_one_row_when_that_row_exceeds_the_limit(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_store, "CHUNK_BYTES", 10)
    rows = rows_of(0, "events", 0, 3)
    store = OutboxStore(settings)
    await store.open(lambda _: None)
    await store.settle([], rows)
    assert await pages(store) == [[held] for held in rows]
    await store.close()
