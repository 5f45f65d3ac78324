"""The checks of the outbox and of waiting commands in `producer-registry doctor`."""

import json

from service.store.pool import Connection
from tests.support.outbox import hold, message, put
from tests.support.program import program

OTHER = "registry.code.events.v1"


WAITING = """
    INSERT INTO waiting_command (kind, subject, reference_kind, reference_id, received_at, deadline, source, command_id,
        topic, partition, record_offset, value, header_names, header_values)
    VALUES ('group', 'g', 'producer-code', 'c', now() - interval '7000 seconds', now() + interval '1 hour', 's', 'i',
        't', 0, 0, '', '{}', '{}')
"""


async def outbox_check(database_url: str, code: int) -> dict[str, str]:
    """Return the check of the outbox. Asserts the exit code of the program."""
    return (await all_checks(database_url, code))["outbox"]


async def all_checks(database_url: str, code: int) -> dict[str, dict[str, str]]:
    """Return the checks by name. Asserts the exit code of the program."""
    ended = await program("doctor", "--json", database_url=database_url)
    assert ended.code == code, ended.out + ended.err
    return {check["name"]: check for check in map(json.loads, ended.lines)}


async def test_unpublished_messages_are_counted_and_a_long_wait_is_a_note(
    database_url: str, database: Connection
) -> None:
    empty = await outbox_check(database_url, 0)
    await put(database, message(0), message(1))
    young = await outbox_check(database_url, 0)
    await database.execute("UPDATE outbox_frame SET created_at = now() - interval '7000 seconds'")
    await database.execute(WAITING)
    checks = await all_checks(database_url, 0)
    old, waiting = checks["outbox"], checks["waiting"]

    assert (empty["state"], empty["finding"]) == ("ok", "no unpublished messages; no held messages")
    assert young["state"] == "ok"
    assert young["finding"].startswith("2 unpublished messages, the oldest for ")
    assert old["state"] == "note"
    assert old["finding"].startswith("2 unpublished messages, the oldest for 7")
    assert waiting["state"] == "ok"
    assert waiting["finding"].startswith("1 command waiting for references, the oldest for 7")


async def test_held_messages_are_reported_with_topic_and_reason(database_url: str, database: Connection) -> None:
    await hold(database, "UNKNOWN_TOPIC_OR_PARTITION", message(0, OTHER), message(1, OTHER))
    await hold(database, "the frame is corrupt: its checksum is another one", message(2))

    outbox = await outbox_check(database_url, 1)

    assert outbox["state"] == "bad"
    assert f"held: 2 messages for {OTHER} (UNKNOWN_TOPIC_OR_PARTITION)" in outbox["finding"]
    assert "quarantined: 1 message for registry.directory.events.v1 (the frame is corrupt: its ch" in outbox["finding"]
    assert "`producer-registry outbox list --held`" in outbox["advice"]


async def test_the_outbox_is_not_checked_without_migrations(empty_database_url: str) -> None:
    ended = await program("doctor", "--json", database_url=empty_database_url)
    checks = {check["name"]: check for check in map(json.loads, ended.lines)}
    assert (ended.code, checks["database"]["state"], checks["outbox"]["state"]) == (1, "bad", "note")
