"""Migration 0002 converts the waiting rows of the old outbox to frames."""

from pathlib import Path

import asyncpg
import orjson
import pytest

from service.contract.header import Headers
from service.contract.message import Message
from service.settings import Settings
from service.store import migrate as module
from service.store.migrate import MIGRATIONS, migrate
from service.store.position import BLOCK
from tests.support.outbox import stored_messages

TYPE = "producer-registry.group.created.v1"
COLUMNS = ("position", "id", "aggregatetype", "aggregateid", "type", "payload", "shard", "topic", "key", "headers")

WAITING = [
    Message("id-0", "group", "g", TYPE, "events", b"key", b'{"a": "\xc3\xa9"}', [], 0, 7 * BLOCK),
    Message("id-1", "group", "g", TYPE, "events", None, b"{}", [("plain", b"1")], 3, 7 * BLOCK + 1),
    Message("id-2", "group", "g", TYPE, "events", b"key", None, [("none", None)], 0, 7 * BLOCK + 2),
    Message("id-3", "outcome", "", TYPE, "outcomes", b"", b"", [("empty", b"")], 15, 7 * BLOCK + 3),
    Message("ä\u4e2d\U0001f600", "grüppe", "\u202e\"\\\n", "t\u00ff", "thème", b"k", b"x", [], 1, 8 * BLOCK),
    Message("id-5", "dead-letter", "d", TYPE, "dead", b"\xff\x00", bytes(range(256)),
            [("bytes", bytes(range(1, 256))), ("n\u00e4me", b"\x7f\x80\xff"), ("q", b'"\\/\n')], 2, 9 * BLOCK),
    Message("id-6", "dead-letter", "d", TYPE, "dead", None, None, [("zero", b"\x00")], 2, 9 * BLOCK + 1),
]  # fmt: skip


def written(headers: Headers) -> bytes:
    """Return headers as in the old table: pairs of name and text, with one character for each byte."""
    return orjson.dumps([(name, None if value is None else value.decode("latin-1")) for name, value in headers])


def row_of(message: Message) -> tuple[object, ...]:
    """Return a message as a row of the old table."""
    values = {name: getattr(message, name) for name in COLUMNS if name != "headers"}
    return tuple(written(message.extra) if name == "headers" else values[name] for name in COLUMNS)


@pytest.fixture
def first_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Make only the first migration known."""
    (first,) = MIGRATIONS.glob("0001_*.sql")
    (tmp_path / first.name).write_text(first.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(module, "MIGRATIONS", tmp_path)


@pytest.mark.usefixtures("first_only")
async def test_waiting_messages_are_unchanged_and_new_positions_are_behind_them(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(database_url=empty_database_url)
    assert await migrate(settings) == ["0001"]
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute("SELECT setval('outbox_block', 9)")
    await connection.copy_records_to_table("outbox", columns=COLUMNS, records=map(row_of, reversed(WAITING)))
    monkeypatch.setattr(module, "MIGRATIONS", MIGRATIONS)

    assert "0002" in await migrate(settings)

    assert await stored_messages(connection) == WAITING
    rows = await connection.fetch("SELECT position, shard, topic, messages FROM outbox_frame ORDER BY position")
    assert [tuple(row) for row in rows] == [(m.position, m.shard, m.topic, 1) for m in WAITING]
    block = await connection.fetchval("SELECT nextval('outbox_block')")
    assert block * BLOCK > WAITING[-1].position
    assert len(str(block * BLOCK)) <= 19
    assert await connection.fetchval("SELECT to_regclass('outbox')") is None
    await connection.close()


async def test_blocks_start_behind_the_old_ones_when_the_outbox_is_empty(empty_database_url: str) -> None:
    await migrate(Settings(database_url=empty_database_url))
    connection = await asyncpg.connect(empty_database_url)
    assert await connection.fetchval("SELECT nextval('outbox_block')") == 10**11 + 1
    assert await stored_messages(connection) == []
    await connection.close()
