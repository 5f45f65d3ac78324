"""What commands leave on disk: the growth of tables and of the write-ahead log per command."""

import asyncpg

from service.store.pool import Connection
from tests.load.contender import OURS, Load, work_off
from tests.load.report import Section
from tests.load.servers import BrokerName, Servers, fill
from tests.load.workload import Workload

_SIZES = """
    SELECT relname, pg_total_relation_size(oid) AS bytes
    FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""
_LOG = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"


async def _sizes(connection: Connection) -> dict[str, int]:
    """Return the bytes of each table with its indexes."""
    return {row["relname"]: row["bytes"] for row in await connection.fetch(_SIZES)}


async def disk(servers: Servers, load: Load, broker: BrokerName) -> Section:
    """Measure the growth of each table, and of the write-ahead log, by one round of commands."""
    async with servers.registry(load.codes, broker) as registry:
        await fill(registry, Workload(load.codes, 1, load.mix).take(load.count))
        connection = await asyncpg.connect(registry.settings.database_url)
        try:
            await servers.checkpoint()
            before, log = await _sizes(connection), await connection.fetchval(_LOG)
            await work_off(servers, registry, OURS, load)
            after, written = await _sizes(connection), await connection.fetchval(_LOG) - log
        finally:
            await connection.close()
    section = Section(f"Disk, {load.count:,} commands: bytes per command", ("table", "bytes per command"))
    growth = {name: (after[name] - before.get(name, 0)) / load.count for name in after}
    growth["write-ahead log"] = float(written) / load.count
    section.rows = [[name, f"{size:.0f}"] for name, size in sorted(growth.items(), key=lambda item: -item[1]) if size]
    section.figures = dict(growth)
    section.remarks = ["rows are not vacuumed meanwhile; the log is needed until it is archived or replayed"]
    return section
