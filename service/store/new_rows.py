"""Write new rows: a few in one round trip, many by COPY, which has two and takes less time for each row."""

from collections.abc import Sequence
from functools import cache
from typing import Final

from service.store.pool import Connection
from service.store.statement import complete, statement

FEW_ROWS: Final = 32

_INSERT: Final = statement("row_insert")


async def write_rows(
    connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]
) -> None:
    """Write rows with values for these columns, all or none. Raises the errors of the driver."""
    if len(rows) > FEW_ROWS:
        await connection.copy_records_to_table(table, columns=columns, records=rows)
    elif rows:
        await connection.executemany(insert_statement(table, tuple(columns)), rows)


@cache
def insert_statement(table: str, columns: tuple[str, ...]) -> str:
    """Return the statement that writes one row; table and columns are constants of this package."""
    values = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    return complete(_INSERT, table=table, columns=", ".join(columns), values=values)
