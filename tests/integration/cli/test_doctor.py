"""What `producer-registry doctor` finds in the outbox."""

import json

from service.store.pool import Connection
from tests.support.outbox import hold, message, put
from tests.support.program import program

OTHER = "registry.code.events.v1"


async def outbox_check(database_url: str, code: int) -> dict[str, str]:
    """The check of the outbox, and how the program ended."""
    ended = await program("doctor", "--json", database_url=database_url)
    assert ended.code == code, ended.out + ended.err
    checks = {reported["name"]: reported for reported in map(json.loads, ended.lines)}
    found: dict[str, str] = checks["outbox"]
    return found


async def test_it_says_how_much_waits_and_that_it_waits_long(database_url: str, database: Connection) -> None:
    empty = await outbox_check(database_url, 0)
    await put(database, message(0), message(1))
    young = await outbox_check(database_url, 0)
    await database.execute("UPDATE outbox_frame SET created_at = now() - interval '70 seconds'")
    old = await outbox_check(database_url, 0)

    assert (empty["state"], empty["finding"]) == ("ok", "no message waits; nothing is held")
    assert young["state"] == "ok"
    assert young["finding"].startswith("2 messages wait, the oldest for ")
    assert old["state"] == "note"
    assert old["finding"].startswith("2 messages wait, the oldest for 7")


async def test_it_names_what_is_held_with_topic_and_reason(database_url: str, database: Connection) -> None:
    await hold(database, "UNKNOWN_TOPIC_OR_PARTITION", message(0, OTHER), message(1, OTHER))
    await hold(database, "the frame is corrupt: its checksum is another one", message(2))

    found = await outbox_check(database_url, 1)

    assert found["state"] == "bad"
    assert f"held: 2 messages for {OTHER} (UNKNOWN_TOPIC_OR_PARTITION)" in found["finding"]
    assert "quarantined: 1 message for registry.directory.events.v1 (the frame is corrupt: its ch" in found["finding"]
    assert "`producer-registry outbox list --held`" in found["advice"]


async def test_it_does_not_look_into_a_database_without_tables(empty_database_url: str) -> None:
    ended = await program("doctor", "--json", database_url=empty_database_url)
    checks = {reported["name"]: reported for reported in map(json.loads, ended.lines)}
    assert (ended.code, checks["database"]["state"], checks["outbox"]["state"]) == (1, "bad", "note")
