"""Two writers never wait for each other in a circle: a statement locks the rows of a kind in the order of their ids."""

import asyncio
import json
from functools import partial

import asyncpg
import pytest

from service.store.state_statement import STATEMENTS
from tests.support.wait import eventually

IDS = [f"r{n}" for n in range(8)]
LAST = IDS[-1]
BACKWARDS = IDS[::-1]

# Rows lie backwards, and no index is read in its own order: only the statement itself can bring order.
WITHOUT_INDEX = {"enable_indexscan": "off", "enable_indexonlyscan": "off", "enable_bitmapscan": "off"}
ROWS = """
    INSERT INTO organization SELECT id, 'O', 'Active', '{}', false, 1 FROM unnest($1::text[]) AS n (id);
    INSERT INTO branch SELECT id, 'B', 'B', 1 FROM unnest($1::text[]) AS n (id);
    INSERT INTO role SELECT id, 'R', '{}', 1 FROM unnest($1::text[]) AS n (id);
    INSERT INTO product SELECT id, 'P', 'i', 'l', 1 FROM unnest($1::text[]) AS n (id);
    INSERT INTO registry_group SELECT id, 'region', '"W"', 'o', '{}', 0, 1 FROM unnest($1::text[]) AS n (id);
    INSERT INTO registry_user SELECT id, 'U', 'u@example.com', 'o', NULL, id, '{}', true, true, true, 0, 0, 1
    FROM unnest($1::text[]) AS n (id);
    INSERT INTO producer_code SELECT id, id, 'o', '{}', NULL, NULL, 'Active', NULL, NULL, 2, 1
    FROM unnest($1::text[]) AS n (id)
"""


def _saved(**columns: object) -> list[object]:
    return [json.dumps([{"id": id_, **columns, "version": 2} for id_ in BACKWARDS])]


LOCKING: dict[str, tuple[str, list[object]]] = {
    "organization_save": ("organization", _saved(display_name="N", status="Active", domains=[], insurer=False)),
    "branch_save": ("branch", _saved(branch_code="1", display_name="N")),
    "role_save": ("role", _saved(display_name="N", permissions=[])),
    "product_save": ("product", _saved(name="N", institution_id="i", product_line="l")),
    "group_load": ("registry_group", [",".join(BACKWARDS), ""]),
    "user_load": ("registry_user", [",".join(BACKWARDS), []]),
    "producer_code_load": ("producer_code", [",".join(BACKWARDS), ""]),
}


@pytest.mark.parametrize("name", LOCKING)
async def test_rows_are_locked_in_the_order_of_their_ids(
    database: "asyncpg.Connection[asyncpg.Record]", database_url: str, name: str
) -> None:
    table, values = LOCKING[name]
    for insert in ROWS.split(";"):
        await database.execute(insert, BACKWARDS)
    blocker = await asyncpg.connect(database_url)
    writer = await asyncpg.connect(database_url, server_settings=WITHOUT_INDEX)
    locking = blocker.transaction()
    await locking.start()
    await blocker.execute(f"SELECT FROM {table} WHERE id = $1 FOR UPDATE", LAST)  # a name of ours

    writing = asyncio.create_task(writer.fetch(STATEMENTS[name], *values))
    waiting = "SELECT count(*) > 0 FROM pg_locks WHERE pid = $1 AND NOT granted"
    await eventually(partial(database.fetchval, waiting, writer.get_server_pid()), what="a writer that waits")
    free = await database.fetch(f"SELECT id FROM {table} FOR UPDATE SKIP LOCKED")  # noqa: S608  # a name of ours
    await locking.rollback()
    await writing

    assert [row["id"] for row in free] == [], "these rows come before the one that the writer waits for"
    await writer.close()
    await blocker.close()
