"""The guarantees of every store, tested with the real store and with its stub."""

import orjson

from service.contract.message import Message
from service.store.command_store import CommandStore
from tests.support import scenario
from tests.support.memory_store import MemoryStore
from tests.support.record import Log

Store = CommandStore | MemoryStore


def _said(messages: list[Message]) -> list[tuple[str, str]]:
    return [(m.type.removeprefix("producer-registry.").removesuffix(".v1"), m.aggregateid) for m in messages]


async def _prepared(store: Store) -> Log:
    await store.apply(scenario.directory().read())
    return Log()


async def test_each_command_has_its_event_and_its_outcome_in_order(store: Store) -> None:
    log = await _prepared(store)
    scenario.create_code(log, "c1", "pc:16", "301-008578")
    scenario.create_group(log, "c2", "pc:669")
    log.send("c3", "group.add-producer-code", "pc:669", {"producerCode": {"id": "pc:16"}})

    applied = await store.apply(log.read())

    assert _said(applied.messages) == [
        ("producer-code.created", "pc:16"),
        ("command.accepted", "pc:16"),
        ("group.created", "pc:669"),
        ("command.accepted", "pc:669"),
        ("group.producer-code-added", "pc:669"),
        ("command.accepted", "pc:669"),
    ]
    assert (applied.decided, applied.repeated, applied.dead_letters, applied.skipped) == (3, 0, 0, 0)


async def test_state_is_found_again_when_the_next_batch_needs_it(store: Store) -> None:
    log = await _prepared(store)
    scenario.create_code(log, "c1", "pc:16", "301-008578")
    scenario.create_user(log, "c2", "pc:310", username="ana", externalUser=True)
    await store.apply(log.read())
    log.send("c3", "producer-code.update", "pc:16", {"appointmentDate": "2022-07-09", "branch": {"id": "pc:b1"}})
    log.send("c4", "user.add-producer-code", "pc:310", {"producerCode": {"id": "pc:16"}})
    scenario.create_code(log, "c5", "pc:17", "301-008578")
    await store.apply(log.read())
    log.send("c6", "user.add-producer-code", "pc:310", {"producerCode": {"id": "pc:16"}})
    log.send("c7", "user.update", "pc:310", {"useProducerCodeSecurity": False})
    log.send("c8", "user.remove-producer-code", "pc:310", {"producerCode": {"id": "pc:16"}})

    applied = await store.apply(log.read())

    assert _said(applied.messages) == [
        ("command.unchanged", "pc:310"),
        ("command.rejected", "pc:310"),
        ("user.producer-code-removed", "pc:310"),
        ("command.accepted", "pc:310"),
    ]
    rejection = orjson.loads(applied.messages[1].payload or b"")
    assert rejection["problem"]["code"] == "not-code-secured"
    assert rejection["version"] == 2


async def test_a_username_can_move_to_another_user_within_a_batch(store: Store) -> None:
    log = await _prepared(store)
    scenario.create_user(log, "c1", "pc:310", username="ana")
    scenario.create_user(log, "c2", "pc:311", username="ben")
    await store.apply(log.read())
    log.send("c3", "user.update", "pc:310", {"username": None})
    log.send("c4", "user.update", "pc:311", {"username": "ana"})
    log.send("c5", "user.update", "pc:310", {"username": "ben"})
    log.send("c6", "user.update", "pc:311", {"username": None})
    scenario.create_user(log, "c7", "pc:312", username="ana")

    await store.apply(log.read())
    log.send("c8", "user.update", "pc:310", {"username": "ana"})
    scenario.create_user(log, "c9", "pc:312", username="ana")
    refused, unchanged = (await store.apply(log.read())).messages

    assert b'"already-exists"' in (refused.payload or b"")
    assert _said([unchanged]) == [("command.unchanged", "pc:312")]


async def test_a_duplicate_in_another_batch_gets_the_original_outcome(store: Store) -> None:
    log = await _prepared(store)
    scenario.create_group(log, "c1", "pc:669")
    first = (await store.apply(log.read())).messages[-1]
    log.send("c1", "group.update", "pc:669", {"type": "region", "value": "West"})

    again = await store.apply(log.read())

    assert [(m.id, m.payload) for m in again.messages] == [(first.id, first.payload)]
    assert again.repeated == 1


async def test_a_duplicate_in_the_same_batch_gets_the_original_outcome(store: Store) -> None:
    log = await _prepared(store)
    scenario.create_group(log, "c1", "pc:669")
    scenario.create_group(log, "c1", "pc:669")

    applied = await store.apply(log.read())

    assert _said(applied.messages) == [
        ("group.created", "pc:669"), ("command.accepted", "pc:669"), ("command.accepted", "pc:669"),
    ]  # fmt: skip
    assert applied.messages[1].payload == applied.messages[2].payload


async def test_the_outcome_of_many_unknown_references_is_small_and_repeated(store: Store) -> None:
    log = await _prepared(store)
    groups = [f"nowhere-{number}" for number in range(10_000)]
    scenario.create_user(log, "c1", "pc:310", groups=groups)
    [first] = (await store.apply(log.read())).messages
    scenario.create_user(log, "c1", "pc:310", groups=groups)

    [again] = (await store.apply(log.read())).messages

    problem = orjson.loads(first.payload or b"")["problem"]
    assert (len(problem["errors"]), problem["more"]) == (20, 9_980)
    assert first.size() < 4_096
    assert (again.id, again.payload) == (first.id, first.payload)


async def test_nothing_happens_when_a_batch_is_delivered_again(store: Store) -> None:
    log = await _prepared(store)
    scenario.create_group(log, "c1", "pc:669")
    await store.apply(log.read())

    applied = await store.apply(log.read(start=0))

    assert (applied.messages, applied.skipped) == ([], 1)


async def test_only_the_new_part_is_decided_when_a_batch_is_delivered_again_with_more_records(store: Store) -> None:
    log = await _prepared(store)
    scenario.create_group(log, "c1", "pc:669")
    await store.apply(log.read())
    log.send("c2", "group.grant-product", "pc:669", {"product_id": "prd_1"})
    scenario.create_group(log, "c3", "pc:670")

    applied = await store.apply(log.read(start=0))

    assert _said(applied.messages) == [
        ("command.rejected", "pc:669"), ("group.created", "pc:670"), ("command.accepted", "pc:670"),
    ]  # fmt: skip


async def test_a_dead_letter_keeps_its_bytes_and_its_neighbours_are_decided(store: Store) -> None:
    log = await _prepared(store)
    scenario.create_group(log, "c1", "pc:669")
    log.append(b"\xff\x00", b"\x00not json", (("ce_id", b"\xff"), ("other", None)))
    scenario.create_group(log, "c2", "pc:670")

    applied = await store.apply(log.read())

    dead_letters = applied.messages[2]
    assert [m.aggregatetype for m in applied.messages] == ["group", "outcome", "dead-letter", "group", "outcome"]
    assert (dead_letters.key, dead_letters.payload, dead_letters.headers[:2]) == (
        b"\xff\x00", b"\x00not json", [("ce_id", b"\xff"), ("other", None)],
    )  # fmt: skip
    assert applied.dead_letters == 1
