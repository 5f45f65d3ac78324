"""Dead letters: sent to the dead-letter topic by the service, replayed by the command line, decided once."""

import json
from collections import Counter

import asyncpg

from tests.support.program import Ended, program
from tests.support.registry import Out, Registry
from tests.support.wait import eventually

ACCEPTED = "producer-registry.command.accepted.v1"
LONG = b"x" * 400_000


async def work(registry: Registry, *arguments: str) -> Ended:
    """Run `dead-letters`."""
    names = ("kafka_bootstrap_servers", "kafka_idempotent_producer", "topic_prefix")
    settings = {name: str(registry.settings[name]) for name in names}
    return await program("dead-letters", *arguments, stdin="", seconds=60, **settings)


async def letters(registry: Registry, count: int) -> list[Out]:
    """Wait for this many dead letters, and return them in order of arrival."""
    await eventually(lambda: len(registry.dead_letters) >= count, what=f"{count} dead letters")
    return registry.dead_letters


def address(letter: Out) -> str:
    return f"{letter.topic}:{letter.partition}:{letter.offset}"


async def test_replayed_records_are_unchanged_and_marked_also_without_key_and_value(registry: Registry) -> None:
    await registry.started()
    headers = (("ce_id", b"\xff"), ("none", None), ("empty", b""), ("odd", b"1"), ("odd", b"2"))
    sent: list[tuple[bytes | None, bytes | None]] = [(None, None), (b"key", None), (None, b""), (None, LONG)]
    for key, value in sent:
        await registry.send_together(registry.topics.commands, 3, [(value, headers)], key=key)
    # They are in different partitions, so their order is not defined.
    first = list(await letters(registry, 4))
    assert {(letter.key, letter.value) for letter in first} == set(sent)
    reasons = Counter(letter.text["dlq_reason"] for letter in first)
    assert reasons["tombstone"] == 2

    for reason, count in reasons.items():
        replayed = await work(registry, "replay", "--reason", reason)
        assert (replayed.code, replayed.err) == (0, f"{count} replayed\n")

    def again() -> dict[str, Out]:
        return {out.text["dlq_replay_of"]: out for out in registry.dead_letters if "dlq_replay_of" in out.text}

    await eventually(lambda: len(again()) == 4, what="the replayed records as dead letters again")
    for letter in first:
        found = again()[address(letter)]
        assert (found.key, found.value) == (letter.key, letter.value)
        assert found.headers[: len(headers) + 1] == (*headers, ("dlq_replay_of", address(letter).encode()))
        assert found.text["__connect.errors.partition"] == "3", "the partition of the other records with its key"


async def test_a_failed_command_is_decided_once_when_it_is_replayed_after_the_repair(
    registry: Registry, database_url: str
) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("ALTER TABLE organization ADD CONSTRAINT defect CHECK (display_name <> 'Sick')")
        await registry.started()
        await registry.command("organization.put", "well:1", {"displayName": "Sick"}, id="f1", key="well:1")
        [letter] = await letters(registry, 1)
        assert letter.text["dlq_reason"] == "failed"
        await connection.execute("ALTER TABLE organization DROP CONSTRAINT defect")
    finally:
        await connection.close()

    replayed = await work(registry, "replay", address(letter))
    assert (replayed.code, replayed.err) == (0, "1 replayed\n")
    first = await registry.outcome("f1")
    assert first.text["ce_type"] == ACCEPTED

    twice = await work(registry, "replay", address(letter))
    assert (twice.code, "was replayed" in twice.err) == (1, True)
    assert (await work(registry, "replay", "--reason", "failed")).err == "0 replayed\n"
    await registry.accepted("organization.put", "well:2", {"displayName": "After"}, id="f2", key="well:1")
    assert len(registry.outcomes("f1")) == 1, "neither of them sent it again"

    assert (await work(registry, "replay", address(letter), "--again")).code == 0
    outcomes = await registry.outcomes_when("f1", 2)
    assert {(outcome.value, outcome.text["ce_id"]) for outcome in outcomes} == {(first.value, first.text["ce_id"])}
    await registry.accepted("organization.put", "well:1", {"displayName": "Last"}, id="f3", key="well:1")
    events = await registry.events_when("well:1", 2)
    assert [event.text["ce_entityversion"] for event in events] == ["1", "2"]
    reported = [json.loads(line) for line in (await work(registry, "list", "--all", "--json")).lines]
    assert [(entry["address"], entry["state"]) for entry in reported] == [(address(letter), "replayed")]
