"""Faults after which the database lacks transactions whose messages were published."""

import asyncio

from service.stack.postgres import _run
from tests.chaos.fault import fault
from tests.chaos.run import Run
from tests.chaos.site import POSTGRES
from tests.support.standby import cut_off, standby_of
from tests.support.wait import eventually

RECORDS = 2
"""Records of a batch: the loss needs many blocks, as PostgreSQL writes 32 values of a sequence to the WAL ahead."""
LOST_COMMANDS = 100


async def _small_batches(run: Run) -> None:
    for service in run.services:
        service.settings["batch_max_records"] = RECORDS
        run.start(service)


async def _lose_commands(run: Run) -> None:
    """Send commands, and wait until many of them are decided and published: these will be lost."""
    before = await run.decided()
    await run.send_more(2 * LOST_COMMANDS)

    async def published() -> bool:
        return await run.decided() > before + LOST_COMMANDS and not await run.waiting(await run.newest())

    await eventually(published, what="published messages that will be lost")


@fault("restored from a dump", 38, seconds=6.0, alone=True, begin=_small_batches)
async def restored(run: Run) -> None:
    await run.progress(0.3)
    file = run.site.folder / f"{run.name}.dump"
    await asyncio.to_thread(_run, "pg_dump", "--format=custom", "--file", str(file), run.url)
    await _lose_commands(run)
    for service in run.services:
        await run.kill(service)
    async with run.site.session(run.database) as session:
        # The same database, so that the service cannot see by itself that it was set back.
        await session.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await asyncio.to_thread(_run, "pg_restore", "--no-owner", "--dbname", run.url, str(file))
    file.unlink()
    await run.lost_transactions()
    await run.program("after-restore", "--yes")
    for service in run.services:
        run.start(service)
    await _resend(run)


@fault("standby promoted", 37, seconds=6.0, alone=True, begin=_small_batches)
async def promoted(run: Run) -> None:
    await run.progress(0.2)
    standby = await standby_of(run.site.postgres, POSTGRES)
    try:
        await cut_off(standby)
        await _lose_commands(run)
        with run.site.postgres_proxy.away():
            await run.site.fail_over(standby)
            await run.lost_transactions()
    finally:
        if run.site.postgres is not standby:
            await standby.stop()
    await _resend(run)


async def _resend(run: Run) -> None:
    await run.progress(1.0)
    await run.program("resend")
    await run.program("resend", "--state")
