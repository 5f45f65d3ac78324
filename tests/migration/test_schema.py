"""The committed schema.sql equals the schema after all migrations."""

from pathlib import Path

import asyncpg

SCHEMA = Path(__file__).parents[2] / "migrations" / "schema.sql"

_CATALOG = {
    "columns": """
        SELECT table_name, column_name, data_type, udt_name, collation_name, column_default, is_nullable
        FROM information_schema.columns WHERE table_schema = 'public'""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "relations": """
        SELECT relname, relkind::text, array_to_string(reloptions, ',')
        FROM pg_class WHERE relnamespace = 'public'::regnamespace""",
    "functions": "SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "triggers": "SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
}


async def _catalog(url: str) -> dict[str, list[tuple[object, ...]]]:
    connection = await asyncpg.connect(url)
    try:
        return {
            name: sorted(
                (tuple(row.values()) for row in await connection.fetch(query) if "schema_migrations" not in str(row)),
                key=str,
            )
            for name, query in _CATALOG.items()
        }
    finally:
        await connection.close()


async def test_schema_file_equals_the_migrated_schema(database_url: str, empty_database_url: str) -> None:
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute(SCHEMA.read_text(encoding="utf-8"))
    await connection.close()

    migrated, from_file = await _catalog(database_url), await _catalog(empty_database_url)

    assert migrated["relations"], "the migrations created no table"
    assert from_file == migrated, "run migrations/dump on a migrated database and commit schema.sql"
