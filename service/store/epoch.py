"""The epoch of positions: it rises when the database may lack positions that were published.

After a failover to a standby, or a restore, the sequence of blocks continues at a value that the lost database had
passed. The table `database_identity` keeps the system identifier, the timeline and the oid of the database in which
positions were last taken. A session that finds other ones raises the epoch before it takes a block. A server keeps its
timeline until it is restarted, which ends its sessions, so one check for each session is enough.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import asyncpg

from service.settings import Settings
from service.store.errors import StoreDefect, StoreRace, StoreUnavailable, translated
from service.store.lock import BEGIN_ALONE
from service.store.migrate import missing_versions
from service.store.pool import Connection, connect
from service.store.position import EPOCH
from service.store.statement import statement
from service.telemetry import log

_log = log(__name__)

_READ = statement("database_identity_read")
_KEEP = statement("database_identity_keep")
_RIGHTS = statement("database_identity_rights")
_RESTART = statement("outbox_block_restart")


@dataclass(frozen=True, slots=True)
class Raised:
    """The epoch of later positions, and the one before it."""

    before: int
    epoch: int


async def connect_writer(
    settings: Settings, application: str, more: Mapping[str, str] = MappingProxyType({})
) -> Connection:
    """Open a connection that may take positions, as `connect` does; raise StoreUnavailable."""
    connection = await connect(settings, application, more)
    try:
        await _confirm_database(connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def _confirm_database(connection: Connection) -> None:
    """Raise the epoch when this is not the database in which positions were last taken."""
    try:
        with translated():
            await _check_rights(connection)
            if (await _read(connection))["same"]:
                return
            # No batch runs while the epoch is raised, and another session may have raised it in the meantime.
            await connection.execute(BEGIN_ALONE)
            row = await _read(connection)
            if row["same"] is None:
                await _keep(connection, row, row["epoch"])
            elif not row["same"]:
                raised = await _raise(connection, row)
                _log.warning("epoch_raised", epoch=raised.epoch, reason="another server, timeline or database")
            await connection.execute("COMMIT")
    except (StoreRace, StoreDefect) as error:
        raise StoreUnavailable(f"the identity of the database cannot be confirmed: {error}") from error


async def raise_epoch(settings: Settings, above: int = 0) -> Raised:
    """Raise the epoch, at least to the one after `above`; raise StoreUnavailable."""
    connection = await connect(settings, "after-restore")
    try:
        if missing := await missing_versions(connection):
            raise StoreUnavailable(f"missing migrations: {', '.join(missing)}; run `producer-registry migrate`")
        with translated():
            await _check_rights(connection)
            await connection.execute(BEGIN_ALONE)
            raised = await _raise(connection, await _read(connection), above)
            await connection.execute("COMMIT")
        return raised
    finally:
        connection.terminate()


async def _raise(connection: Connection, row: Any, above: int = 0) -> Raised:
    epoch = max(row["epoch"], above) + 1
    # Not undone by a rollback: then the epoch rises once more.
    await connection.fetch(_RESTART, epoch * EPOCH)
    await _keep(connection, row, epoch)
    return Raised(row["epoch"], epoch)


async def _keep(connection: Connection, row: Any, epoch: int) -> None:
    await connection.execute(_KEEP, row["system_identifier"], row["timeline"], row["database_oid"], epoch)


async def _read(connection: Connection) -> Any:
    try:
        [row] = await connection.fetch(_READ, EPOCH)
    except asyncpg.FeatureNotSupportedError as error:
        raise StoreUnavailable(f"the server does not tell its timeline, which shows a failover: {error}") from error
    return row


async def _check_rights(connection: Connection) -> None:
    [row] = await connection.fetch(_RIGHTS)
    if row["missing"]:
        needed = ", ".join(row["missing"])
        raise StoreUnavailable(f"the role {row['role']} needs {needed}: otherwise a failover stops the service")
