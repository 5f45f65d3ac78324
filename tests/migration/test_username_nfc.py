"""Migration 0005 normalizes usernames, except those that collide with others, which `migrate` reports."""

from pathlib import Path

import asyncpg
import pytest

from service.settings import Settings
from service.store import migrate as module
from service.store.migrate import MIGRATIONS, colliding_usernames, migrate
from tests.support.program import program

COMPOSED, DECOMPOSED, ANGSTROM = "m\u00fcller", "mu\u0308ller", "\u212bngstr\u00f6m"
BEFORE = {
    "composed": COMPOSED,
    "decomposed": DECOMPOSED,
    "alone": "zo\u0065\u0308",
    "first": ANGSTROM,
    "second": "A\u030angstro\u0308m",
    "none": None,
}


async def test_usernames_are_normalized_and_colliding_ones_are_reported_and_unchanged(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for file in MIGRATIONS.glob("000[1-4]_*.sql"):
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(module, "MIGRATIONS", tmp_path)
    settings = Settings(database_url=empty_database_url)
    await migrate(settings)
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute("INSERT INTO organization VALUES ('pc:1', 'One', 'Active', '{}', false, 1)")
    await connection.executemany(
        "INSERT INTO registry_user VALUES ($1, $1, 'e', 'pc:1', NULL, $2, '{}', true, true, true, 0, 0, 1)",
        list(BEFORE.items()),
    )
    monkeypatch.setattr(module, "MIGRATIONS", MIGRATIONS)

    assert "0005" in await migrate(settings)

    rows = await connection.fetch("SELECT id, username FROM registry_user")
    assert {row["id"]: row["username"] for row in rows} == {**BEFORE, "alone": "zo\u00eb"}
    pairs = [("decomposed", "composed"), ("first", "second"), ("second", "first")]
    assert await colliding_usernames(settings) == pairs
    reported = await program("migrate", database_url=empty_database_url)
    warnings = [line for line in reported.err.splitlines() if line.startswith("Warning")]
    assert [line.split(" are the same")[0] for line in warnings] == [
        f"Warning: the usernames of the users {user} and {other}" for user, other in pairs
    ]
    await connection.close()
