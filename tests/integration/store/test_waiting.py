"""Commands that wait for their references: until when, for what, and how many."""

import json

import pytest

from service.settings import Settings
from service.store.command_store import CommandStore
from service.store.errors import StoreDefect
from service.store.waiting_command import WaitPolicy
from service.store.waiting_store import NOTHING
from tests.integration.store.conftest import ALL, ORIGIN
from tests.support import scenario
from tests.support.inbox import times_decided
from tests.support.record import TOPICS
from tests.support.waiting_writers import ADD, CODE, EXPIRE, GROUP, LONG, MOST, USER, Database, Writers, rows, said


async def test_a_command_waits_for_a_reference_and_is_accepted_when_it_exists(
    writers: Writers, database: Database
) -> None:
    scenario.create_group(writers.log, "g", "pc:669")
    writers.log.send("add", "group.add-producer-code", "pc:669", ADD)
    applied = await writers.apply()

    assert said(applied.messages) == [("group.created", "pc:669"), ("command.accepted", "g")]
    assert (applied.decided, applied.repeated, applied.waiting, *applied.subjects) == (1, 0, 1, GROUP)
    assert await rows(database) == [("add", *GROUP, *CODE)]
    assert await writers.waiting.due(subjects={GROUP}) == []
    assert await writers.waiting.due(all_=True) == []
    assert await times_decided(database, "add") == 0

    scenario.create_code(writers.log, "c", "pc:16", "301-008578")
    assert (await writers.apply()).created == {CODE}
    assert await writers.waiting.due({CODE}) == [GROUP]
    assert said(await writers.decide_due(frozenset({CODE}), all_=False)) == [
        ("group.producer-code-added", "pc:669"),
        ("command.accepted", "add"),
    ]
    assert await rows(database) == []


async def test_the_record_of_a_waiting_command_is_kept_byte_for_byte(writers: Writers, database: Database) -> None:
    scenario.create_group(writers.log, "g", "pc:669")
    writers.log.send("add", "group.add-producer-code", "pc:669", ADD)
    strange = (("odd \0", b"\xff\x00"), ("none", None), ("ce_correlationid", b"corr"), ("odd \0", b""))
    writers.log.records[1] = type(writers.log.records[1])(
        TOPICS.commands,
        1,
        1,
        None,
        b"\xef\xbb\xbf" + json.dumps(ADD).encode(),
        (*writers.log.records[1].headers, *strange),
    )
    await writers.apply()
    await database.execute("ALTER TABLE registry_group ADD CHECK (version < 2)")
    scenario.create_code(writers.log, "c", "pc:16", "301-008578")
    await writers.apply()

    [due] = await writers.waiting.due({CODE})
    with pytest.raises(StoreDefect):
        await writers.waiting.decide([due], 1)
    [dead] = (await writers.waiting.decide([due], 1, "a defect")).messages

    assert (dead.key, dead.payload) == (None, b"\xef\xbb\xbf" + json.dumps(ADD).encode())
    sent = writers.log.records[1].headers
    assert tuple(dead.headers[: len(sent)]) == sent
    assert dict(dead.headers)["__connect.errors.offset"] == b"1"
    assert dict(dead.headers)["dlq_reason"] == b"failed"
    assert await rows(database) == []


async def test_a_command_with_another_problem_is_rejected_at_once(writers: Writers, database: Database) -> None:
    nowhere = [{"id": f"nowhere-{n}"} for n in range(25)]
    scenario.create_user(writers.log, "u", "pc:310", useProducerCodeSecurity=True)
    scenario.create_code(writers.log, "c", "pc:16", "301-008578")
    writers.log.send("missing", "user.add-producer-code", "pc:310", {**ADD, "roles": nowhere})
    await writers.apply()
    assert await rows(database) == [("missing", *USER, "role", "nowhere-0")]
    await database.execute("INSERT INTO role VALUES ('other', 'Other', '{}', 1)")
    scenario.create_user(writers.log, "u2", "pc:311")
    # The code exists and has not this role. Its path, /roles/9/id, is behind those that an outcome reports.
    roles = {"roles": [*nowhere[:9], {"id": "other"}, *nowhere[9:]]}
    writers.log.send("invalid", "user.add-producer-code", "pc:311", {**ADD, **roles})
    writers.log.send("version", "user.add-producer-code", "pc:311", {"producerCode": {"id": "x"}}, expectedversion="7")
    writers.log.send("absent", "user.add-producer-code", "pc:312", {"producerCode": {"id": "x"}})

    messages = (await writers.apply()).messages

    assert said(messages)[2:] == [("command.rejected", name) for name in ("invalid", "version", "absent")]


@pytest.mark.parametrize("there", [False, True], ids=["missing", "there"])
async def test_a_command_is_decided_at_its_deadline(writers: Writers, database: Database, there: bool) -> None:
    scenario.create_group(writers.log, "g", "pc:669")
    writers.log.send("add", "group.add-producer-code", "pc:669", ADD)
    writers.log.send("update", "group.update", "pc:669", {"type": "region", "value": "West"})
    await writers.apply()
    seconds = await database.fetchval("SELECT EXTRACT(EPOCH FROM deadline - received_at) FROM waiting_command LIMIT 1")
    assert seconds == LONG
    if there:
        scenario.create_code(writers.log, "c", "pc:16", "301-008578")
        await writers.apply()
    await database.execute(EXPIRE)

    messages = await writers.decide_due(all_=False)

    assert said([m for m in messages if m.aggregatetype == "outcome"]) == [
        ("command.accepted" if there else "command.rejected", "add"),
        ("command.accepted", "update"),
    ]
    assert there or b'"reference-not-found"' in (messages[0].payload or b"")
    assert await rows(database) == []


async def test_a_command_behind_waits_for_its_own_reference_until_its_own_deadline(
    writers: Writers, database: Database
) -> None:
    scenario.create_group(writers.log, "g", "pc:669")
    writers.log.send("add", "group.add-producer-code", "pc:669", ADD)
    await writers.apply()
    await database.execute(EXPIRE)
    writers.log.send("other", "group.add-producer-code", "pc:669", {"producerCode": {"id": "pc:17"}})
    await writers.apply()

    assert said(await writers.decide_due()) == [("command.rejected", "add")]
    assert await rows(database) == [("other", *GROUP, "producer-code", "pc:17")]


async def test_waiting_commands_are_decided_at_once_when_waiting_is_switched_off(
    writers: Writers, database: Database, settings: Settings
) -> None:
    scenario.create_group(writers.log, "g", "pc:669")
    writers.log.send("add", "group.add-producer-code", "pc:669", ADD)
    await writers.apply()
    off = WaitPolicy(0.0, MOST, None)
    store = CommandStore(settings, TOPICS, origin=ORIGIN, held=lambda: ALL, policy=off)
    writers.log.send("behind", "group.update", "pc:669", {"type": "region", "value": "West"})
    writers.log.send("missing", "group.create", "pc:671", {"type": "region", "value": "W", "distributor_id": "x"})
    assert said((await store.apply(writers.log.read())).messages) == [("command.rejected", "missing")]

    await writers.waiting.shorten(off.seconds)
    assert said(await writers.decide_due()) == [
        ("command.rejected", "add"),
        ("group.updated", "pc:669"),
        ("command.accepted", "behind"),
    ]
    off.commands = 0
    assert not off.looks
    await store.close()


async def test_a_shorter_setting_shortens_deadlines_and_a_longer_one_leaves_them(
    writers: Writers, database: Database
) -> None:
    scenario.create_group(writers.log, "g", "pc:669")
    writers.log.send("add", "group.add-producer-code", "pc:669", ADD)
    await writers.apply()
    for seconds, expected in ((LONG * 2, LONG), (10.0, 10.0)):
        await writers.waiting.shorten(seconds)
        found = await database.fetchval("SELECT EXTRACT(EPOCH FROM deadline - received_at) FROM waiting_command")
        assert found == expected


async def test_no_more_commands_begin_to_wait_than_the_setting_allows(writers: Writers, database: Database) -> None:
    scenario.create_group(writers.log, "g", "pc:669")
    scenario.create_group(writers.log, "h", "pc:670")
    writers.log.send("add", "group.add-producer-code", "pc:669", ADD)
    await writers.apply()
    writers.policy.commands = MOST
    writers.log.send("behind", "group.update", "pc:669", {"type": "region", "value": "West"})
    writers.log.send("refused", "group.add-producer-code", "pc:670", ADD)

    assert said((await writers.apply()).messages) == [("command.rejected", "refused")]
    assert [row[0] for row in await rows(database)] == ["add", "behind"]


async def test_nothing_is_written_when_another_process_has_decided_the_commands(
    writers: Writers, database: Database
) -> None:
    before = await database.fetchval("SELECT last_value FROM outbox_block")
    assert await writers.waiting.decide([GROUP], 10) == NOTHING
    assert await database.fetchval("SELECT last_value FROM outbox_block") == before
    assert await writers.waiting.due(all_=True) == []


async def test_the_overview_has_number_age_and_next_deadline(writers: Writers, database: Database) -> None:
    seen = await writers.waiting.overview()
    assert (seen.commands, seen.oldest_seconds, seen.next_seconds) == (0, 0.0, None)
    scenario.create_group(writers.log, "g", "pc:669")
    writers.log.send("add", "group.add-producer-code", "pc:669", ADD)
    writers.log.send("behind", "group.update", "pc:669", {"type": "region", "value": "West"})
    await writers.apply()
    await database.execute(
        "UPDATE waiting_command SET received_at = received_at - interval '1 hour' WHERE command_id = 'add'"
    )
    seen = await writers.waiting.overview()
    assert seen.commands == 2
    assert seen.oldest_seconds >= 3600
    assert 0 < (seen.next_seconds or 0) <= LONG
