"""A batch writes the last state of all that it changed for the state topics, in its own transaction."""

import json
from typing import Any

import pytest

from service.contract.message import Message, shard_of
from service.core.ids import association_id
from service.settings import Settings
from service.store.command_store import CommandStore
from service.store.pool import Connection as Database
from tests.integration.store.conftest import ALL, ORIGIN
from tests.support import scenario
from tests.support.outbox import stored_messages
from tests.support.record import TOPICS, Log

HELD = association_id("user", "user-1", "code-1")


def version(message: Message) -> int:
    return int(dict(message.headers)["ce_entityversion"] or b"")


async def records(database: Database) -> list[Message]:
    """Return the messages for the state topics, in order."""
    return [m for m in await stored_messages(database) if m.topic in TOPICS.states.values()]


def data(message: Message) -> Any:
    return json.loads(message.payload or b"")


@pytest.fixture
async def populated(command_store: CommandStore, database: Database) -> CommandStore:
    """Create the directory, a code, a user and a group; their messages are published."""
    await command_store.apply(scenario.directory().read())
    log = Log()
    scenario.create_code(log, "c1", "code-1", "C-1")
    scenario.create_user(log, "u1", "user-1", useProducerCodeSecurity=True)
    scenario.create_group(log, "g1", "group-1")
    await command_store.apply(log.read())
    await database.execute("DELETE FROM outbox_frame")
    return command_store


async def apply(store: CommandStore, *commands: tuple[str, str, Any]) -> None:
    log = Log(TOPICS.commands, 1, "/later")
    for number, (type_, subject, content) in enumerate(commands):
        log.send(f"l{number}", type_, subject, content)
    await store.apply(log.read())


async def test_every_created_object_has_a_record_with_its_snapshot(
    command_store: CommandStore, database: Database
) -> None:
    await command_store.apply(scenario.directory().read())
    found = {(m.topic, m.key): m for m in await records(database)}
    assert {key for _, key in found} == {
        b"organization/pc:1", b"organization/pc:4", b"branch/pc:b1", b"role/producer", b"role/submitter",
        b"product/prd_1",
    }  # fmt: skip
    role = found[TOPICS.states["directory"], b"role/producer"]
    assert (role.type, role.aggregateid, role.shard) == (
        "producer-registry.role.snapshot.v1", "producer", shard_of(b"producer"),
    )  # fmt: skip
    assert data(role) == {
        "role": {"id": "producer", "displayName": "Producer", "permissions": ["create account"], "version": 1},
        "changed": [],
        "previous": {},
    }


async def test_objects_of_different_kinds_with_one_id_have_different_keys(
    command_store: CommandStore, database: Database
) -> None:
    log = Log(TOPICS.operator_commands, source="/operator")
    log.send("1", "role.put", "same", {"displayName": "Role"})
    log.send("2", "branch.put", "same", {"branchCode": "1", "displayName": "Branch"})
    log.send("3", "product.put", "same", {"name": "P", "institution_id": "i", "product_line": "l"})
    log.send("4", "organization.put", "same", {"displayName": "Organization"})
    await command_store.apply(log.read())
    assert len({m.key for m in await records(database)}) == 4


async def test_one_record_has_the_last_state_when_a_batch_changes_an_object_several_times(
    populated: CommandStore, database: Database
) -> None:
    changes = [("producer-code.update", "code-1", {"description": f"text {number}"}) for number in range(3)]
    await apply(populated, *changes)
    (record,) = await records(database)
    assert (record.key, version(record), data(record)["producerCode"]["description"]) == (b"code-1", 4, "text 2")
    events = [m for m in await stored_messages(database) if m.topic == TOPICS.code_events]
    assert [version(event) for event in events] == [2, 3, 4]
    assert record.position > events[-1].position


async def test_an_association_has_its_own_key_and_the_shard_of_its_owner(
    populated: CommandStore, database: Database
) -> None:
    await apply(populated, ("user.add-producer-code", "user-1", {"producerCode": {"id": "code-1"}}))
    owner, held = sorted(await records(database), key=lambda m: m.key == HELD.encode())
    assert (owner.key, version(owner), data(owner)["user"]["version"]) == (b"user-1", 2, 2)
    assert (held.key, version(held), held.aggregateid) == (HELD.encode(), 2, "user-1")
    assert (held.topic, held.shard) == (TOPICS.states["user"], shard_of(b"user-1"))
    assert data(held)["userProducerCode"]["producerCode"] == {"id": "code-1", "code": "C-1"}


async def test_an_association_that_ends_leaves_a_tombstone(populated: CommandStore, database: Database) -> None:
    await apply(populated, ("user.add-producer-code", "user-1", {"producerCode": {"id": "code-1"}}))
    await database.execute("DELETE FROM outbox_frame")
    log = Log(TOPICS.commands, 2, "/last")
    log.send("r", "user.remove-producer-code", "user-1", {"producerCode": {"id": "code-1"}})
    await populated.apply(log.read())
    owner, ended = sorted(await records(database), key=lambda m: m.key == HELD.encode())
    assert (owner.key, version(owner)) == (b"user-1", 3)
    assert (ended.key, ended.payload, version(ended), ended.aggregateid) == (HELD.encode(), None, 3, "user-1")
    assert {name for name, _ in ended.headers} == {
        "ce_specversion", "ce_source", "ce_type", "ce_id", "ce_sequence", "ce_subject", "ce_partitionkey", "ce_time",
        "ce_entityversion",
    }  # fmt: skip


async def test_an_association_of_one_batch_only_leaves_a_tombstone_for_records_of_a_lost_database(
    populated: CommandStore, database: Database
) -> None:
    code = {"producerCode": {"id": "code-1"}}
    await apply(
        populated, ("group.add-producer-code", "group-1", code), ("group.remove-producer-code", "group-1", code)
    )
    found = {m.key: m for m in await records(database)}
    ended = association_id("group", "group-1", "code-1").encode()
    assert set(found) == {b"group-1", ended}
    assert (found[ended].payload, version(found[ended])) == (None, 3)


async def test_an_association_that_is_added_again_in_a_batch_has_a_record_and_no_tombstone(
    populated: CommandStore, database: Database
) -> None:
    code = {"producerCode": {"id": "code-1"}}
    await apply(populated, ("user.add-producer-code", "user-1", code))
    await database.execute("DELETE FROM outbox_frame")
    log = Log(TOPICS.commands, 2, "/last")
    log.send("r", "user.remove-producer-code", "user-1", code)
    log.send("a", "user.add-producer-code", "user-1", {**code, "roles": [{"id": "submitter"}]})
    await populated.apply(log.read())
    held = [m for m in await records(database) if m.key == HELD.encode()]
    assert [(data(m)["userProducerCode"]["roles"], version(m)) for m in held] == [([{"id": "submitter"}], 4)]


async def test_the_record_of_an_association_does_not_depend_on_the_roles_of_its_code(
    populated: CommandStore, database: Database
) -> None:
    await apply(
        populated,
        ("user.add-producer-code", "user-1", {"producerCode": {"id": "code-1"}}),
        ("producer-code.update", "code-1", {"roles": [{"id": "producer"}]}),
    )
    found = {m.key: data(m) for m in await records(database)}
    assert found[b"code-1"]["producerCode"]["roles"] == [{"id": "producer"}]
    roles = found[HELD.encode()]["userProducerCode"]["roles"]
    assert roles == [{"id": "producer"}, {"id": "submitter"}], "a role that returns to the code takes effect again"
    stored = await database.fetchval("SELECT role_ids FROM user_producer_code")
    assert [role["id"] for role in roles] == stored


async def test_nothing_is_written_for_what_did_not_change(populated: CommandStore, database: Database) -> None:
    await apply(
        populated,
        ("producer-code.update", "code-1", {"description": None}),
        ("producer-code.update", "none", {"description": "x"}),
    )
    assert await records(database) == []
    assert len(await stored_messages(database)) == 2, "the outcomes"


async def test_nothing_is_written_when_the_state_topics_are_turned_off(settings: Settings, database: Database) -> None:
    store = CommandStore(settings.model_copy(update={"state_topics": False}), TOPICS, origin=ORIGIN, held=lambda: ALL)
    await store.apply(scenario.directory().read())
    await store.close()
    assert await records(database) == []
    assert await stored_messages(database)
