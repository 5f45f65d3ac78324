"""Migration 0007 gives the roles of the inbox the rights that they need on the table of waiting commands."""

import secrets
from pathlib import Path

import asyncpg
import pytest

from service.settings import Settings
from service.store import migrate as module
from service.store.migrate import MIGRATIONS, migrate

RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")


async def test_roles_of_the_inbox_have_the_same_rights_on_waiting_commands(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for file in MIGRATIONS.glob("000[1-5]_*.sql"):
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(module, "MIGRATIONS", tmp_path)
    settings = Settings(database_url=empty_database_url)
    await migrate(settings)
    connection = await asyncpg.connect(empty_database_url)
    name = f'test "{secrets.token_hex(6)}'
    roles = {role: f"{name} {role}" for role in ("reader", "writer", "relay")}
    for role in roles.values():
        await connection.execute(f"CREATE ROLE {_quoted(role)}")
    try:
        await connection.execute(f"GRANT SELECT ON inbox TO {_quoted(roles['reader'])}")
        await connection.execute(f"GRANT SELECT, INSERT, DELETE ON inbox TO {_quoted(roles['writer'])}")
        await connection.execute(f"GRANT SELECT, DELETE ON outbox_frame TO {_quoted(roles['relay'])}")
        monkeypatch.setattr(module, "MIGRATIONS", MIGRATIONS)

        assert "0007" in await migrate(settings)

        query = "SELECT has_table_privilege($1::name, 'waiting_command', $2)"
        found = {
            role: {right for right in RIGHTS if await connection.fetchval(query, name, right)}
            for role, name in roles.items()
        }
        assert found == {"reader": {"SELECT"}, "writer": set(RIGHTS), "relay": set()}
    finally:
        for role in roles.values():
            await connection.execute(f"DROP OWNED BY {_quoted(role)}; DROP ROLE {_quoted(role)}")
        await connection.close()


def _quoted(role: str) -> str:
    return '"' + role.replace('"', '""') + '"'
