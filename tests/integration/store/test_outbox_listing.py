"""The outbox for operators: its rows by position, their number, and the messages of a row."""

from dataclasses import replace

import orjson
import pytest

from service.settings import Settings
from service.store import outbox_listing
from service.store.errors import StoreUnavailable
from service.store.outbox_admin import Selection, discard
from service.store.outbox_listing import Count, Reason, discarded, find, listed, overview
from service.store.pool import Connection as Database
from service.store.statement import statement
from tests.support.outbox import FIRST, TOPIC, frame, hold, hold_frame, message, put

OTHER = "registry.code.events.v1"
UNKNOWN = "UNKNOWN_TOPIC_OR_PARTITION"


async def test_rows_are_listed_by_position_with_their_state(settings: Settings, database: Database) -> None:
    await put(database, message(0), message(2), message(5, OTHER))
    await hold(database, UNKNOWN, message(1, OTHER))
    await hold(database, "MESSAGE_SIZE_TOO_LARGE", message(4), scope="key")

    rows, count = await listed(settings)

    assert [(row.position - FIRST, row.state, row.scope, row.reason) for row in rows] == [
        (0, "waiting", None, None),
        (1, "held", "topic", UNKNOWN),
        (4, "held", "key", "MESSAGE_SIZE_TOO_LARGE"),
        (5, "waiting", None, None),
    ]
    assert (rows[0].topic, rows[0].shard, rows[0].messages) == (TOPIC, 3, 2)
    assert rows[0].raw_bytes == frame(message(0), message(2)).raw_bytes
    assert rows[0].since == await database.fetchval("SELECT min(created_at) FROM outbox_frame")
    assert count == Count(4, 5)


async def test_a_list_is_limited_and_the_count_is_not(settings: Settings, database: Database) -> None:
    for number in range(5):
        await hold(database, UNKNOWN, message(2 * number, OTHER if number % 2 else TOPIC))
        await put(database, message(2 * number + 1))

    rows, count = await listed(settings, held_only=True, topic=TOPIC, limit=2)

    assert ([row.position - FIRST for row in rows], count) == ([0, 4], Count(3, 3))
    assert (await listed(settings, topic=TOPIC))[1] == Count(8, 8)
    assert (await listed(settings, held_only=True))[1] == Count(5, 5)


async def test_discarded_rows_are_listed_newest_first(settings: Settings, database: Database) -> None:
    for number in range(3):
        await hold(database, UNKNOWN, message(number))
        await discard(settings, Selection((FIRST + number,)), "ana")

    rows, count = await discarded(settings, limit=2)

    assert [(row.position - FIRST, row.state, row.reason) for row in rows] == [
        (2, "discarded", UNKNOWN),
        (1, "discarded", UNKNOWN),
    ]
    assert count == Count(3, 3)
    assert await discarded(settings, topic=OTHER) == ([], Count(0, 0))
    assert await listed(settings) == ([], Count(0, 0))


@pytest.mark.parametrize("name", ["outbox_list", "outbox_count", "outbox_discarded_list", "outbox_held_choose"])
def test_no_list_reads_values(name: str) -> None:
    assert "value" not in statement(name).partition("SELECT")[2]


async def test_a_frame_is_found_by_its_position_and_by_the_position_of_any_message(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_listing, "FOUND_FRAMES", 2)
    waiting = [message(number) for number in (0, 3, 9)]
    held = [message(number, shard=4) for number in (1, 6)]
    gone = [message(number, OTHER) for number in (2, 8)]
    await put(database, *waiting, message(5, shard=5), message(7, shard=6), message(4, shard=7))
    await hold(database, UNKNOWN, *held)
    await hold(database, UNKNOWN, *gone)
    await discard(settings, Selection((FIRST + 2,)), "ana")

    for state, messages in (("waiting", waiting), ("held", held), ("discarded", gone)):
        for one in messages:
            found, _ = await find(settings, one.position)
            assert found is not None
            assert (found.row.state, found.row.position) == (state, messages[0].position)
            assert [(m.position, m.id, m.headers) for m in found.messages] == [
                (m.position, m.id, m.headers) for m in messages
            ]
    assert await find(settings, FIRST + 10) == (None, [])
    assert await find(settings, FIRST - 1) == (None, [])


async def test_a_frame_that_cannot_be_read_is_reported_with_the_reason(settings: Settings, database: Database) -> None:
    good = frame(message(1), message(3))
    bad = replace(good, value=good.value[:-1] + bytes([good.value[-1] ^ 1]))
    await hold_frame(database, bad, "the frame is corrupt: its checksum does not match")

    found, _ = await find(settings, bad.position)
    other, corrupt = await find(settings, FIRST + 3)

    assert found is not None
    assert (found.value, found.messages, found.corrupt) == (bad.value, (), "its checksum does not match")
    assert (other, [one.row.position for one in corrupt]) == (None, [bad.position])


async def test_the_overview_counts_waiting_and_held_messages(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(database, message(0), message(2))
    await database.execute("UPDATE outbox_frame SET created_at = now() - interval '90 seconds'")
    await put(database, message(4))
    await hold(database, UNKNOWN, message(5, OTHER), message(6, OTHER))
    await hold(database, "the frame is corrupt: x", message(1))

    seen = await overview(settings)

    assert (seen.messages, 90 <= seen.oldest_seconds < 600, seen.is_partial) == (3, True, False)
    assert seen.held == (Reason(TOPIC, "the frame is corrupt: x", 1, 1), Reason(OTHER, UNKNOWN, 1, 2))
    monkeypatch.setattr(outbox_listing, "COUNTED_FRAMES", 1)
    seen = await overview(settings)
    assert (seen.messages, seen.is_partial, len(seen.held)) == (2, True, 1)


async def test_counting_for_the_overview_stops_at_its_limit(database: Database) -> None:
    await database.execute(
        "INSERT INTO outbox_frame (position, shard, topic, messages, raw_bytes, value)"
        " SELECT n, 1, 'topic', 1, 1, 'v' FROM generate_series(1, 20000) AS n"
    )
    await database.execute("ANALYZE outbox_frame")
    text = await database.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement('outbox_waiting')}", 50)
    plan = orjson.loads(text)[0]["Plan"]
    while "Plans" in plan:
        [plan] = plan["Plans"]
    assert (plan["Node Type"], plan["Actual Rows"]) == ("Index Scan", 50)


async def test_a_database_without_migrations_is_reported_with_the_command_to_run(empty_database_url: str) -> None:
    with pytest.raises(StoreUnavailable, match="run `producer-registry migrate`"):
        await listed(Settings(database_url=empty_database_url))
