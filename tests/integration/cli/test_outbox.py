"""`producer-registry outbox` on a real database: output, effects and exit codes."""

import asyncio
import json
import os
import pwd
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from service.store.pool import Connection
from tests.support.outbox import FIRST, TOPIC, TYPE, frame, hold, hold_frame, message, put
from tests.support.program import PROGRAM, Ended, environment, on_a_terminal, program

OTHER = "registry.code.events.v1"
UNKNOWN = "UNKNOWN_TOPIC_OR_PARTITION"
USER = pwd.getpwuid(os.getuid()).pw_name

Outbox = Callable[..., Awaitable[Ended]]


@pytest.fixture
def outbox(database_url: str) -> Outbox:
    """Return a function that runs the command on the test's database."""

    async def run(*arguments: object, stdin: str = "") -> Ended:
        return await program("outbox", *map(str, arguments), stdin=stdin, database_url=database_url)

    return run


async def test_list_shows_rows_and_counts_the_rows_beyond_the_limit(outbox: Outbox, database: Connection) -> None:
    await put(database, message(0), message(1))
    await hold(database, UNKNOWN, message(2, OTHER))
    await put(database, message(3), message(4), message(5))

    listed = await outbox("list", "--limit", 2)
    reported = [json.loads(line) for line in (await outbox("list", "--json")).lines]
    held = await outbox("list", "--held", "--topic", OTHER)

    size = frame(message(0), message(1)).raw_bytes
    assert listed.lines[0].startswith(f"{FIRST}  waiting  {TOPIC}  shard 3  2 messages  {size} bytes  since 20")
    assert listed.lines[1].startswith(f"{FIRST + 2}  held  {OTHER}  shard 3  1 message  ")
    assert listed.lines[1].endswith(f"  topic  {UNKNOWN}")
    assert (listed.code, listed.err) == (0, "and 1 more row with 3 messages: see --limit\n")
    assert [(row["position"], row["state"], row["messages"], row["reason"]) for row in reported] == [
        (str(FIRST), "waiting", 2, None),
        (str(FIRST + 2), "held", 1, UNKNOWN),
        (str(FIRST + 3), "waiting", 3, None),
    ]
    assert (held.lines, held.err) == (listed.lines[1:], "")


async def test_show_prints_each_message_with_escapes_for_non_text_bytes(outbox: Outbox, database: Connection) -> None:
    odd = message(2, payload=b'{"a":"\xff\x1b[2J"}')
    odd.key = None
    await hold(database, UNKNOWN, message(1), odd, replace(message(4), payload=None, type="of.a.newer.version"))

    shown = await outbox("show", FIRST + 2)
    first, second, third = [json.loads(line) for line in (await outbox("show", FIRST + 1, "--json")).lines]

    assert shown.code == 0
    assert shown.lines[0].startswith(f"{FIRST + 1}  held  {TOPIC}")
    assert "id               e1" in shown.lines
    assert "header           ce_entityversion: 1" in shown.lines
    assert 'payload          {"a":"\\xff\\x1b[2J"}' in shown.lines
    assert (first["position"], first["sequence"], first["frame"]) == (
        str(FIRST + 1),
        f"{FIRST + 1:020}",
        str(FIRST + 1),
    )
    assert (first["id"], first["type"], first["subject"], first["topic"]) == ("e1", TYPE, "pc:1", TOPIC)
    assert (first["key"], first["payload"], first["state"]) == ("pc:1", "{}", "held")
    assert ["ce_sequence", f"{FIRST + 1:020}"] in first["headers"]
    assert (second["key"], second["payload"]) == (None, '{"a":"\\xff\x1b[2J"}')
    assert (third["type"], third["payload"]) == ("of.a.newer.version", None)
    assert ["ce_type", "of.a.newer.version"] in third["headers"]
    assert ["ce_entityversion", "1"] in third["headers"]


async def test_show_reports_why_a_frame_cannot_be_decoded(
    outbox: Outbox, database: Connection, database_url: str
) -> None:
    bad = replace(frame(message(1), message(3)), value=b"\x09\x00\xff\n")
    await hold_frame(database, bad, "the frame is corrupt: it has 4 bytes only")

    shown = await outbox("show", FIRST + 1)
    behind = await outbox("show", FIRST + 3)
    raw = await outbox_bytes(database_url, "show", str(FIRST + 1), "--raw")

    reason = f"row {FIRST + 1} is corrupt: it has 4 bytes only; `--raw` prints its bytes"
    assert (shown.code, shown.err) == (1, f"Error: {reason}\n")
    assert len(shown.lines) == 1
    assert (behind.code, behind.out) == (1, "")
    assert f"no row has the position {FIRST + 3}" in behind.err
    assert f"row {FIRST + 1} may have it" in behind.err
    assert raw == (0, bad.value)


async def outbox_bytes(url: str, *arguments: str) -> tuple[int | None, bytes]:
    """Return the exit code and the stdout of the command, as bytes."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "outbox", *arguments, env=environment(database_url=url), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return process.returncode, out


async def test_discard_moves_the_named_rows_to_the_discarded_ones(outbox: Outbox, database: Connection) -> None:
    await hold(database, UNKNOWN, message(1), message(2))
    await hold(database, UNKNOWN, message(3, OTHER))

    failed = await outbox("discard", FIRST + 1, FIRST + 2, "--yes")
    done = await outbox("discard", FIRST + 1, "--yes")
    [line] = (await outbox("list", "--discarded")).lines
    [reported] = [json.loads(line) for line in (await outbox("list", "--discarded", "--json")).lines]

    error = f"nothing was discarded: no held row has the position {FIRST + 2}: see `outbox list --held`"
    assert (failed.code, failed.err) == (1, f"Error: {error}\n")
    assert (done.code, done.out, done.err) == (0, "", "1 row with 2 messages discarded\n")
    assert reported["discarded_by"].startswith(f"{USER} (database user ")
    assert (reported["position"], reported["reason"]) == (str(FIRST + 1), UNKNOWN)
    assert line.endswith(f" by {reported['discarded_by']}")
    assert (await outbox("show", FIRST + 2, "--json")).lines != []
    assert (await outbox("discard", "--topic", OTHER, "--yes")).err == "1 row with 1 message discarded\n"
    assert (await outbox("discard", "--topic", OTHER, "--yes")).err == "0 rows with 0 messages discarded\n"


async def test_the_password_is_not_printed_if_the_database_is_unavailable() -> None:
    ended = await program("outbox", "list", database_url="postgresql://u:s3cret@127.0.0.1:1/none")
    assert (ended.code, "s3cret" in ended.err, "Traceback" in ended.err) == (1, False, False)


@pytest.mark.parametrize(("answer", "code", "remaining"), [("y\n", 0, 1), ("n\n", 1, 2)])
async def test_on_a_terminal_discard_shows_the_rows_and_asks_for_confirmation(
    database: Connection, database_url: str, answer: str, code: int, remaining: int
) -> None:
    await hold(database, UNKNOWN, message(1), message(2))
    await hold(database, "MESSAGE_SIZE_TOO_LARGE", message(3, OTHER))

    ended = await on_a_terminal(answer, "outbox", "discard", "--topic", TOPIC, database_url=database_url)

    assert f"  1 row with 2 messages for {TOPIC} ({UNKNOWN})\n" in ended.err
    assert ("nothing was discarded" in ended.err) == (code == 1)
    assert (ended.code, await database.fetchval("SELECT count(*) FROM outbox_held")) == (code, remaining)


async def test_retry_fails_if_messages_are_held_and_no_relay_is_running(outbox: Outbox, database: Connection) -> None:
    empty = await outbox("retry")
    await hold(database, UNKNOWN, message(1), message(2))
    held = await outbox("retry")
    assert (empty.code, empty.err) == (0, "0 messages held in 0 rows; retry requested from 0 relays\n")
    error = "2 messages held in 1 row, but no relay is running: start `producer-registry serve`"
    assert (held.code, held.err) == (1, f"Error: {error}\n")
