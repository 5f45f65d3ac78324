"""Current states are published again: all of them, with their versions, in the order of their subjects."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from service.settings import Settings
from service.store.command_store import CommandStore
from service.store.snapshot_store import KINDS, snapshots
from tests.support import scenario
from tests.support.database import WAITING
from tests.support.outbox import stored_messages
from tests.support.record import Log
from tests.support.wait import eventually


async def written(
    settings: Settings, kind: str, organization: str | None = None, page: int = 2, *, state_topics: bool = False
) -> int:
    pages = snapshots(settings, kind, organization, "run", page, state_topics=state_topics)
    return sum([count async for count in pages])


async def outbox(database: "asyncpg.Connection[asyncpg.Record]") -> list[dict[str, Any]]:
    """Return the snapshots in the outbox, in order: type, subject, version, data."""
    return [
        {
            "id": m.id,
            "type": m.type.removeprefix("producer-registry.").removesuffix(".v1"),
            "subject": m.aggregateid,
            "version": (dict(m.headers)["ce_entityversion"] or b"").decode(),
            "topic": m.topic,
            "data": json.loads(m.payload or b""),
        }
        for m in await stored_messages(database)
        if m.type.endswith("snapshot.v1") and m.aggregatetype != "state"
    ]


@pytest.fixture
async def populated(command_store: CommandStore) -> CommandStore:
    """Create two organizations, three codes, and two groups and a user that hold some of the codes."""
    await command_store.apply(scenario.directory().read())
    log = Log()
    for number in range(3):
        scenario.create_code(log, f"c{number}", f"code-{number}", f"C-{number}")
    scenario.create_group(log, "g1", "group-1")
    scenario.create_group(log, "g2", "group-2", "pc:1")
    scenario.create_user(log, "u1", "user-1")
    for number in range(3):
        log.send(f"h{number}", "group.add-producer-code", "group-1", {"producerCode": {"id": f"code-{number}"}})
    log.send("h3", "user.add-producer-code", "user-1", {"producerCode": {"id": "code-1"}})
    await command_store.apply(log.read())
    return command_store


@pytest.mark.usefixtures("populated")
async def test_every_state_is_written_with_its_version_when_pages_are_small(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    counts = {kind: await written(settings, kind) for kind in KINDS}
    assert counts == {
        "organization": 2,
        "branch": 1,
        "role": 2,
        "product": 1,
        "producer-code": 3,
        "group": 2,
        "user": 1,
        "group.producer-code": 3,
        "user.producer-code": 1,
    }
    found = await outbox(database)
    assert len(found) == sum(counts.values())
    group = next(one for one in found if one["type"] == "group.snapshot" and one["subject"] == "group-1")
    assert (group["version"], group["topic"], group["data"]["changed"]) == ("4", "registry.group.events.v1", [])
    held = [one for one in found if one["type"] == "group.producer-code-snapshot"]
    assert [
        (one["subject"], one["version"], one["data"]["groupProducerCode"]["producerCode"]["code"]) for one in held
    ] == [
        ("group-1", "4", "C-0"),
        ("group-1", "4", "C-1"),
        ("group-1", "4", "C-2"),
    ]


@pytest.mark.usefixtures("populated")
async def test_only_states_of_the_given_organization_are_written(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    counts = {kind: await written(settings, kind, "pc:1") for kind in KINDS}
    assert {kind: count for kind, count in counts.items() if count} == {"organization": 1, "group": 1}
    assert [one["subject"] for one in await outbox(database)] == ["pc:1", "group-2"]


@pytest.mark.usefixtures("populated")
async def test_ids_differ_from_run_to_run_so_that_none_is_taken_for_a_duplicate(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    for run in ("first", "second"):
        assert [count async for count in snapshots(settings, "user", None, run)] == [1]
    assert len({one["id"] for one in await outbox(database) if one["type"] == "user.snapshot"}) == 2


@pytest.mark.usefixtures("populated")
async def test_snapshot_waits_for_a_writer_of_the_subject_and_has_its_new_state(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]", database_url: str
) -> None:
    transaction = database.transaction()
    await transaction.start()
    await database.execute("UPDATE registry_user SET version = 9, name = 'Later' WHERE id = 'user-1'")
    resending = asyncio.create_task(written(settings, "user"))
    watcher = await asyncpg.connect(database_url)
    try:
        await eventually(lambda: watcher.fetchval(WAITING))
        await transaction.commit()
        assert await resending == 1
    finally:
        await watcher.close()
    (one,) = await outbox(database)
    assert (one["version"], one["data"]["user"]["name"]) == ("9", "Later")


@pytest.mark.usefixtures("populated")
async def test_every_record_of_the_state_topics_is_that_of_the_batch_again(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    by_batch = {(m.topic, m.key): m for m in await stored_messages(database) if m.aggregatetype == "state"}
    await database.execute("DELETE FROM outbox_frame")
    for kind in KINDS:
        assert await written(settings, kind, state_topics=True)
    again = {(m.topic, m.key): m for m in await stored_messages(database)}
    assert again.keys() == by_batch.keys()
    for place, message in again.items():
        before = by_batch[place]
        assert (message.payload, message.type, message.shard) == (before.payload, before.type, before.shard)
        assert message.position > before.position
        assert message.id != before.id
