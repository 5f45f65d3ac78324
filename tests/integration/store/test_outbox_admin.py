"""Operations on held messages: all or nothing, recorded, and with a notification of the relays."""

import asyncio

import pytest

from service.settings import Settings
from service.store.errors import StoreUnavailable
from service.store.outbox_admin import NotHeld, RetryRequest, Selection, chosen, discard, retry
from service.store.outbox_listing import Count, discarded, listed
from service.store.outbox_store import CHANNEL, RELOAD, RETRY, OutboxStore
from service.store.pool import Connection as Database
from tests.support.database import WAITING
from tests.support.outbox import FIRST, TOPIC, hold, message, put, stored_messages
from tests.support.wait import eventually

OTHER = "registry.code.events.v1"
CORRUPT = "the frame is corrupt: its checksum does not match"


@pytest.fixture
async def payloads(database: Database) -> list[str]:
    """The payloads that relays receive."""
    reported: list[str] = []
    await database.add_listener(CHANNEL, lambda *arguments: reported.append(str(arguments[-1])))
    return reported


async def held(settings: Settings) -> list[int]:
    rows, _ = await listed(settings, held_only=True)
    return [row.position - FIRST for row in rows]


async def test_discarded_rows_are_moved_and_recorded_and_the_relays_are_notified(
    settings: Settings, database: Database, payloads: list[str]
) -> None:
    messages = [message(number) for number in (1, 2, 3)]
    await hold(database, "MESSAGE_SIZE_TOO_LARGE", *messages[:2], scope="key")
    await hold(database, "MESSAGE_SIZE_TOO_LARGE", messages[2], message(4, OTHER), scope="key")
    since = await database.fetchval("SELECT held_at FROM outbox_held WHERE position = $1", FIRST + 1)

    rows = await discard(settings, Selection((FIRST + 3, FIRST + 1, FIRST + 3)), "ana")

    assert [(row.position - FIRST, row.messages) for row in rows] == [(1, 2), (3, 1)]
    assert await held(settings) == [4]
    user = await database.fetchval("SELECT session_user")
    traces, _ = await discarded(settings)
    assert {trace.discarded_by for trace in traces} == {f"ana (database user {user})"}
    assert {(trace.position - FIRST, trace.topic, trace.reason) for trace in traces} == {
        (1, TOPIC, "MESSAGE_SIZE_TOO_LARGE"),
        (3, TOPIC, "MESSAGE_SIZE_TOO_LARGE"),
    }
    assert since in {trace.since for trace in traces}
    assert await stored_messages(database, "outbox_discarded") == messages
    await eventually(lambda: payloads == [RELOAD], what="the payload for the relays")


async def test_nothing_is_done_when_one_of_the_positions_is_not_held(
    settings: Settings, database: Database, payloads: list[str]
) -> None:
    await put(database, message(0))
    await hold(database, "X", message(1), message(2))

    with pytest.raises(NotHeld) as raised:
        await discard(settings, Selection((FIRST + 1, FIRST + 2, FIRST)), "ana")

    assert raised.value.positions == (FIRST, FIRST + 2)
    assert await held(settings) == [1]
    assert await database.fetchval("SELECT count(*) FROM outbox_frame") == 1
    # Notifications are delivered in order, so one of the failed discard would be before this one.
    await retry(settings)
    await eventually(lambda: payloads == [RETRY], what="only the payload of the retry")


@pytest.mark.parametrize(
    ("selection", "left"),
    [
        (Selection(topic=OTHER), [0, 2, 4]),
        (Selection(reason="UNKNOWN_TOPIC_OR_PARTITION"), [2, 3, 4]),
        (Selection(reason="the frame is corrupt"), [0, 1, 3, 4]),
        (Selection(reason=CORRUPT), [0, 1, 3, 4]),
        (Selection(reason="UNKNOWN"), [0, 1, 2, 3, 4]),
        (Selection(topic="no.such"), [0, 1, 2, 3, 4]),
        (Selection(positions=()), [0, 1, 2, 3, 4]),
    ],
    ids=str,
)
async def test_rows_are_selected_by_topic_or_reason(
    settings: Settings, database: Database, selection: Selection, left: list[int]
) -> None:
    await hold(database, "UNKNOWN_TOPIC_OR_PARTITION", message(0), message(1, OTHER))
    await hold(database, CORRUPT, message(2))
    await hold(database, "MESSAGE_SIZE_TOO_LARGE", message(3, OTHER), message(4))

    seen = [row.position - FIRST for row in await chosen(settings, selection)]
    done = [row.position - FIRST for row in await discard(settings, selection, "ana")]

    assert seen == done
    assert (await held(settings), sorted(left + done)) == (left, [0, 1, 2, 3, 4])


async def test_a_row_that_a_relay_replaces_meanwhile_is_discarded_in_its_new_state(
    settings: Settings, database: Database
) -> None:
    await hold(database, "LEADER_NOT_AVAILABLE", message(1))
    async with database.transaction():
        await database.execute("DELETE FROM outbox_held")
        await hold(database, "UNKNOWN_TOPIC_OR_PARTITION", message(1), scope="key")
        discarding = asyncio.create_task(discard(settings, Selection((FIRST + 1,)), "ana"))
        watch = f"{WAITING} AND relation = 'outbox_held'::regclass"
        await eventually(lambda: database.fetchval(watch), what="the discard's wait for the relay")

    [row] = await discarding

    assert (row.reason, await held(settings)) == ("UNKNOWN_TOPIC_OR_PARTITION", [])


async def test_a_failed_discard_changes_nothing(settings: Settings, database: Database) -> None:
    await hold(database, "X", message(1), message(2, OTHER))
    await database.execute(
        "ALTER TABLE outbox_discarded ADD CONSTRAINT broken CHECK (topic <> 'registry.code.events.v1')"
    )
    with pytest.raises(Exception, match="broken"):
        await discard(settings, Selection(reason="X"), "ana")
    assert await held(settings) == [1, 2]
    assert await database.fetchval("SELECT count(*) FROM outbox_discarded") == 0


async def test_retry_counts_held_messages_and_running_relays(
    settings: Settings, database: Database, payloads: list[str]
) -> None:
    await put(database, message(9))
    await hold(database, "X", message(1), message(2), message(3, OTHER))
    relay = OutboxStore(settings)
    await relay.open(payloads.append)

    result = await retry(settings)

    assert result == RetryRequest(Count(2, 3), 1)
    await eventually(lambda: payloads == [RETRY, RETRY], what="the payload at the relay and the listener")
    await relay.close()


async def test_an_unreachable_database_is_reported(settings: Settings) -> None:
    nowhere = Settings(database_url="postgresql://u:s3cret@127.0.0.1:1/none")
    with pytest.raises(StoreUnavailable) as raised:
        await retry(nowhere)
    assert "s3cret" not in str(raised.value)
