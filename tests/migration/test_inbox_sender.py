"""Migration 0008 keeps the ids that are remembered with their outcomes, and the rights of the roles."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import orjson
import pytest

from service.settings import Settings
from service.store import migrate as module
from service.store.command_store import CommandStore
from service.store.migrate import MIGRATIONS, migrate
from tests.integration.store.conftest import ALL, ORIGIN
from tests.support.inbox import remembered
from tests.support.record import TOPICS, Log

UUID = "01890a5d-ac96-774b-bcce-b302099a8057"
TIME = datetime(2026, 11, 1, 12, 30, 15, 123456, tzinfo=UTC)
COLUMNS = ("source", "command_id", "topic", "status", "subject", "outcome", "decided_at")
IDS = (UUID, UUID.upper(), UUID.replace("-", ""), f"{{{UUID}}}", f"{UUID}\n", "ä-中-\U0001f600", "x" * 16, "\\x01", "é")
RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")


def outcome(source: str, id_: str, status: str) -> bytes:
    """Return data as an earlier version stored them, with spaces that this version does not write."""
    data: dict[str, object] = {
        "command": {"source": source, "id": id_, "type": "producer-registry.group.update.v1"},
        "subject": "g" if status == "accepted" else None,
        "version": None if status == "rejected" else 7,
        "events": [UUID] if status == "accepted" else [],
    }
    if status == "rejected":
        data["problem"] = {"code": "invalid", "title": "T", "errors": [{"code": "invalid", "message": "é", "path": ""}]}
    return orjson.dumps(data, option=orjson.OPT_INDENT_2)


ROWS = [
    (source, id_, topic, status, "g", outcome(source, id_, status), TIME)
    for source, status in (("/upstream", "accepted"), ("/http/ä", "unchanged"), ("/r", "rejected"))
    for topic in (TOPICS.commands, TOPICS.operator_commands)
    for id_ in IDS
]


@pytest.fixture
async def before(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> "asyncpg.Connection[asyncpg.Record]":
    """A database of the version before the migration."""
    for file in MIGRATIONS.glob("000[1-7]_*.sql"):
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(module, "MIGRATIONS", tmp_path)
    assert (await migrate(Settings(database_url=empty_database_url)))[-1] == "0007"
    monkeypatch.setattr(module, "MIGRATIONS", MIGRATIONS)
    return await asyncpg.connect(empty_database_url)


async def test_ids_and_outcomes_are_unchanged(
    empty_database_url: str, before: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await before.copy_records_to_table("inbox", columns=COLUMNS, records=ROWS)
    settings = Settings(database_url=empty_database_url)

    assert "0008" in await migrate(settings)

    found = await remembered(before)
    assert found == {(source, id_, topic): (status, data) for source, id_, topic, status, _, data, _ in ROWS}
    assert await before.fetchval("SELECT count(*) FROM inbox_sender") == 6
    assert await before.fetchval("SELECT array_agg(DISTINCT decided_at) FROM inbox") == [TIME]
    assert await before.fetchval("SELECT to_regclass('inbox_before')") is None
    await before.close()


async def test_a_repeat_of_an_old_command_gets_its_outcome(
    empty_database_url: str, before: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await before.copy_records_to_table("inbox", columns=COLUMNS, records=ROWS)
    await before.close()
    settings = Settings(database_url=empty_database_url)
    await migrate(settings)
    logs = {source: Log(source=source, partition=n) for n, source in enumerate(("/upstream", "/r"))}
    sent = [(source, id_) for source in logs for id_ in IDS]
    for source, id_ in sent:
        logs[source].send(id_, "group.update", "g", {"type": "region", "value": "W"})
    store = CommandStore(settings, TOPICS, origin=ORIGIN, held=lambda: ALL)
    try:
        applied = await store.apply([parsed for log in logs.values() for parsed in log.read()])
    finally:
        await store.close()
    assert (applied.decided, applied.repeated) == (0, len(sent))
    stored = {row[:3]: row[5] for row in ROWS}
    assert [message.payload for message in applied.messages] == [stored[s, i, TOPICS.commands] for s, i in sent]
    assert {dict(message.extra)["ce_time"] for message in applied.messages} == {b"2026-11-01T12:30:15.123456Z"}


async def test_roles_keep_their_rights_on_the_inbox_and_have_them_on_the_senders(
    empty_database_url: str, before: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    name = f'test "{secrets.token_hex(6)}'
    roles = {role: f"{name} {role}" for role in ("reader", "writer", "all", "relay")}
    for role in roles.values():
        await before.execute(f"CREATE ROLE {_quoted(role)}")
    try:
        await before.execute(f"GRANT SELECT ON inbox TO {_quoted(roles['reader'])}")
        await before.execute(f"GRANT SELECT, INSERT, DELETE ON inbox TO {_quoted(roles['writer'])}")
        await before.execute(f"GRANT ALL ON inbox TO {_quoted(roles['all'])}")
        await before.execute(f"GRANT SELECT, DELETE ON outbox_frame TO {_quoted(roles['relay'])}")

        await migrate(Settings(database_url=empty_database_url))

        assert await _rights(before, roles, "inbox") == {
            "reader": {"SELECT"}, "writer": {"SELECT", "INSERT", "DELETE"}, "all": set(RIGHTS), "relay": set(),
        }  # fmt: skip
        three = {"SELECT", "INSERT", "DELETE"}
        assert await _rights(before, roles, "inbox_sender") == {
            "reader": {"SELECT"}, "writer": three, "all": three, "relay": set(),
        }  # fmt: skip
        await before.execute(f"SET ROLE {_quoted(roles['writer'])}")
        await before.execute("INSERT INTO inbox_sender (source, topic) VALUES ('/s', 't')")
        await before.execute("RESET ROLE")
    finally:
        for role in roles.values():
            await before.execute(f"DROP OWNED BY {_quoted(role)}; DROP ROLE {_quoted(role)}")
        await before.close()


async def _rights(
    connection: "asyncpg.Connection[asyncpg.Record]", roles: dict[str, str], table: str
) -> dict[str, set[str]]:
    query = "SELECT has_table_privilege($1::name, $2, $3)"
    return {
        role: {right for right in RIGHTS if await connection.fetchval(query, name, table, right)}
        for role, name in roles.items()
    }


def _quoted(role: str) -> str:
    return '"' + role.replace('"', '""') + '"'
