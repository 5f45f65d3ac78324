"""The order of waiting commands and of those behind them, with one outcome for each."""

import asyncio
from functools import partial

from service.core.waiting import Reference
from service.settings import Settings
from service.store.command_store import CommandStore
from service.store.waiting_command import WaitPolicy
from tests.integration.store.conftest import ALL, ORIGIN
from tests.support import scenario
from tests.support.inbox import times_decided
from tests.support.outbox import stored_messages
from tests.support.record import TOPICS, Log
from tests.support.wait import eventually
from tests.support.waiting_writers import (
    ADD,
    CODE,
    EXPIRE,
    GROUP,
    LONG,
    USER,
    Database,
    Writers,
    command_of,
    rows,
    said,
    waits_for_lock,
)


async def test_later_commands_of_the_subject_wait_behind_in_order(writers: Writers, database: Database) -> None:
    operator = Log(TOPICS.operator_commands, 3, "/operator")
    scenario.create_group(writers.log, "g", "pc:669")
    writers.log.send("add", "group.add-producer-code", "pc:669", ADD)
    writers.log.send("update", "group.update", "pc:669", {"type": "region", "value": "West"})
    await writers.apply()
    writers.other.send("remove", "group.remove-producer-code", "pc:669", ADD)
    writers.other.send("invalid", "group.update", "pc:669", {"colour": "red"})
    scenario.create_group(writers.other, "h", "pc:670")
    operator.send("grant", "group.grant-product", "pc:669", {"product_id": "prd_1"})

    assert said((await writers.second.apply(writers.other.read())).messages) == [
        ("group.created", "pc:670"),
        ("command.accepted", "h"),
    ]
    assert (await writers.second.apply(operator.read())).messages == []
    assert await writers.waiting.due(subjects={GROUP}) == []
    scenario.create_code(writers.log, "c", "pc:16", "301-008578")
    await writers.apply()

    assert said(await writers.decide_due(frozenset({CODE}), all_=False)) == [
        ("group.producer-code-added", "pc:669"),
        ("command.accepted", "add"),
        ("group.updated", "pc:669"),
        ("command.accepted", "update"),
        ("group.producer-code-removed", "pc:669"),
        ("command.accepted", "remove"),
        ("command.rejected", "invalid"),
        ("group.product-granted", "pc:669"),
        ("command.accepted", "grant"),
    ]
    assert await rows(database) == []


async def test_the_next_missing_reference_is_awaited_and_commands_behind_keep_waiting(
    writers: Writers, database: Database
) -> None:
    scenario.create_user(writers.log, "u", "pc:310", organization="pc:9", groups=["pc:669", "pc:670"])
    writers.log.send("update", "user.update", "pc:310", {"name": "Eva"})
    await writers.apply()
    assert await rows(database) == [("u", *USER, "organization", "pc:9"), ("update", *USER, None, None)]

    operator = Log(TOPICS.operator_commands, 3, "/operator")
    operator.send("o", "organization.put", "pc:9", {"displayName": "Nine"})
    await writers.first.apply(operator.read())
    assert await writers.decide_due() == []
    assert await rows(database) == [("u", *USER, *GROUP), ("update", *USER, None, None)]

    for number in (669, 670):
        scenario.create_group(writers.log, f"g{number}", f"pc:{number}", "pc:9")
    await writers.apply()
    assert said(await writers.decide_due()) == [
        ("user.created", "pc:310"),
        ("command.accepted", "u"),
        ("user.updated", "pc:310"),
        ("command.accepted", "update"),
    ]


async def test_a_chain_of_waiting_commands_is_decided(writers: Writers, database: Database) -> None:
    writers.log.send("join", "user.join-group", "pc:310", {"group_id": "pc:669"})
    scenario.create_user(writers.log, "u", "pc:310", groups=["pc:669"])
    writers.log.send("add", "user.add-producer-code", "pc:310", ADD)
    scenario.create_code(writers.log, "c", "pc:16", "301-008578", "pc:9")
    scenario.create_group(writers.log, "g", "pc:669", "pc:9")
    messages = (await writers.apply()).messages
    assert said(messages) == [("command.rejected", "join")]

    operator = Log(TOPICS.operator_commands, 3, "/operator")
    operator.send("o", "organization.put", "pc:9", {"displayName": "Nine", "insurer": True})
    applied = await writers.first.apply(operator.read())
    woken, decided = set(applied.created), []
    while due := await writers.waiting.due(frozenset(woken)):
        applied = await writers.waiting.decide(due, 2000)
        woken |= applied.created
        decided += [name for kind, name in said(applied.messages) if kind.startswith("command")]

    # The user belongs to another organization than the group: no reference is missing any more.
    assert decided == ["c", "g", "u", "add"]
    assert await rows(database) == []


async def test_a_repeat_of_a_waiting_command_gets_its_outcome_after_it(writers: Writers, database: Database) -> None:
    scenario.create_group(writers.log, "g", "pc:669")
    scenario.create_group(writers.log, "h", "pc:670")
    writers.log.send("add", "group.add-producer-code", "pc:669", ADD)
    writers.log.send("add", "group.update", "pc:670", {"type": "region", "value": "West"})
    await writers.apply()
    # Repeats have the same id, whatever their subject, and are of the same topic.
    writers.log.send("add", "group.update", "pc:670", {"type": "region", "value": "East"})
    applied = await writers.apply()
    assert (applied.messages, applied.waiting) == ([], 1)
    assert await rows(database) == [
        ("add", *GROUP, *CODE), ("add", *GROUP, None, None), ("add", *GROUP, None, None),
    ]  # fmt: skip
    writers.log.send("after", "group.update", "pc:670", {"type": "region", "value": "South"})
    assert said((await writers.apply()).messages)[-1] == ("command.accepted", "after")

    scenario.create_code(writers.log, "c", "pc:16", "301-008578")
    await writers.apply()
    _, first, *again = await writers.decide_due()

    assert command_of(first) == "add"
    assert [(m.id, m.payload) for m in again] == [(first.id, first.payload)] * 2
    assert await times_decided(database, "add") == 1
    assert await rows(database) == []


async def test_repeats_that_began_to_wait_for_two_subjects_have_one_outcome(
    writers: Writers, database: Database
) -> None:
    for number in (669, 670):
        scenario.create_group(writers.log, f"g{number}", f"pc:{number}")
    await writers.apply()
    await database.execute("CREATE TABLE hidden (LIKE waiting_command)")
    writers.log.send("add", "group.add-producer-code", "pc:669", ADD)
    await writers.apply()
    # As if both batches had looked before the other one was committed.
    await database.execute("INSERT INTO hidden SELECT * FROM waiting_command")
    await database.execute("DELETE FROM waiting_command")
    writers.log.send("add", "group.add-producer-code", "pc:670", {"producerCode": {"id": "pc:17"}})
    writers.log.send("behind", "group.update", "pc:670", {"type": "region", "value": "West"})
    await writers.apply()
    await database.execute("INSERT INTO waiting_command OVERRIDING SYSTEM VALUE SELECT * FROM hidden")
    both = [GROUP, Reference("group", "pc:670")]

    messages = (await writers.waiting.decide(both, 2000)).messages
    assert said(messages)[-1] == ("command.accepted", "behind")
    assert await rows(database) == [("add", *GROUP, *CODE), ("add", *GROUP, None, None)]
    await database.execute(EXPIRE)
    first, again = await writers.decide_due()
    assert (again.id, again.payload) == (first.id, first.payload)


async def test_a_new_subject_is_decided_in_order_by_two_writers(writers: Writers, database: Database) -> None:
    # Nothing exists that could be locked: the order holds because one writer runs alone, and the other looks for
    # waiting commands before it loads the states.
    for turn in range(10):
        user, group = f"user-{turn}", f"group-{turn}"
        scenario.create_user(writers.log, f"create-{turn}", user, groups=[group])
        await writers.apply()
        scenario.create_group(writers.log, f"group-{turn}", group)
        await writers.apply()
        writers.other.send(f"update-{turn}", "user.update", user, {"name": f"N{turn}"})
        await asyncio.gather(writers.decide_due(), writers.second.apply(writers.other.read()))
        await writers.decide_due()

    outcomes = [said([m])[0] for m in await stored_messages(database) if m.aggregatetype == "outcome"]
    for turn in range(10):
        create, update = ("command.accepted", f"create-{turn}"), ("command.accepted", f"update-{turn}")
        assert outcomes.index(create) < outcomes.index(update)
    assert await rows(database) == []


async def test_a_command_that_comes_while_the_first_is_decided_is_not_overtaken(
    writers: Writers, database: Database
) -> None:
    scenario.create_user(writers.log, "create", "pc:310", groups=["pc:669"])
    await writers.apply()
    scenario.create_group(writers.log, "g", "pc:669")
    await writers.apply()
    # A batch of the other writer is running.
    blocker = database.transaction()
    await blocker.start()
    await database.execute("SELECT pg_advisory_xact_lock_shared(1347374914, 1)")
    deciding = asyncio.create_task(writers.decide_due())
    writers.other.send("update", "user.update", "pc:310", {"name": "Eva"})
    await eventually(partial(waits_for_lock, database), what="a writer that waits until it is alone")
    updating = asyncio.create_task(writers.second.apply(writers.other.read()))
    await blocker.rollback()
    await asyncio.gather(deciding, updating)
    await writers.decide_due()

    outcomes = [said([m])[0] for m in await stored_messages(database) if m.aggregatetype == "outcome"]
    assert outcomes[-2:] == [("command.accepted", "create"), ("command.accepted", "update")]


async def test_a_batch_needs_one_more_statement_for_any_number_of_commands(
    writers: Writers, settings: Settings
) -> None:
    scenario.create_group(writers.log, "g", "pc:669")
    await writers.apply()
    counts = {}
    for policy in (WaitPolicy(), writers.policy):
        store = CommandStore(settings, TOPICS, origin=ORIGIN, held=lambda: ALL, policy=policy)
        connection = await store._session()
        for size in (1, 100):
            for number in range(size):
                writers.log.send(
                    f"{policy.seconds}-{size}-{number}", "group.update", "pc:669", {"type": "region", "value": "W"}
                )
            statements: list[str] = []
            with connection.query_logger(lambda query, statements=statements: statements.append(query.query)):
                await store.apply(writers.log.read())
                await asyncio.sleep(0)
            counts[policy.seconds, size] = [s for s in statements if "waiting_command" in s], len(statements)
        await store.close()
    assert counts[0.0, 1][0] == counts[0.0, 100][0] == []
    assert len(counts[LONG, 1][0]) == len(counts[LONG, 100][0]) == 1
