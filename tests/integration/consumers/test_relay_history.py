"""Random histories of three writers and two relays, with outages and killed sessions: nothing is lost or reordered."""

import asyncio
import contextlib
import random

import asyncpg
import pytest

from service.settings import Settings
from service.store.errors import StoreRace, StoreUnavailable
from tests.integration.consumers.process import Broker, Process
from tests.integration.consumers.test_relay import empty, operator_log
from tests.support.record import Log
from tests.support.wait import eventually

SUBJECTS = 5
BATCHES = 15
KILL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = $1 AND datname = current_database() AND random() < 0.5"
)


async def write(process: Process, log: Log, chance: random.Random) -> int:
    """Apply batches one after the other, and retry each until it is committed. Return the number of commands."""
    for _ in range(BATCHES):
        for number in range(chance.randint(1, 40)):
            text = f"{log.source} {len(log.records)}"
            log.send(f"c{len(log.records)}", "organization.put", f"pc:{number % SUBJECTS}", {"displayName": text})
        batch = log.read()
        while True:
            try:
                await process.apply(batch)
                break
            except (StoreRace, StoreUnavailable):
                await asyncio.sleep(0)
    return len(log.records)


async def trouble(
    processes: list[Process], database: "asyncpg.Connection[asyncpg.Record]", chance: random.Random, *, kills: bool
) -> None:
    """Let chunks fail partly, and terminate sessions."""
    while True:
        await asyncio.sleep(chance.random() * 0.3)
        if not kills or chance.random() < 0.5:
            chance.choice(processes).publisher.failures.append(chance.randint(0, 30))
        else:
            await database.execute(KILL, f"producer-registry {chance.choice(('relay', 'writer'))}")


@pytest.mark.parametrize("kills", [False, True], ids=["broker fails", "sessions are killed too"])
@pytest.mark.parametrize("seed", range(3))
async def test_every_message_is_published_in_order_despite_failures(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]", seed: int, kills: bool
) -> None:
    chance, broker = random.Random(seed), Broker()
    processes = [Process(settings, broker) for _ in range(3)]
    logs = [operator_log(number) for number in range(3)]
    async with contextlib.AsyncExitStack() as stack:
        for process in processes[:2]:
            await stack.enter_async_context(process.running())
        troubling = asyncio.create_task(trouble(processes, database, chance, kills=kills))
        written = [write(process, log, chance) for process, log in zip(processes, logs, strict=True)]
        commands = sum(await asyncio.gather(*written))
        troubling.cancel()
        await asyncio.gather(troubling, return_exceptions=True)
        for process in processes:
            process.publisher.failures.clear()
        await eventually(lambda: len(set(broker.ids())) == 2 * commands, what=f"{2 * commands} messages")
        # A session that was just killed leaves rows for the next one.
        await eventually(lambda: empty(database), what="an empty outbox")

    assert kills or len(broker.delivered) == 2 * commands, "without a kill nothing is sent twice"
    first = dict.fromkeys((m.id, m.aggregateid, m.aggregatetype) for m in broker.delivered)
    events = {m.id: dict(m.headers)["ce_entityversion"] for m in broker.delivered if m.aggregatetype == "directory"}
    for subject in range(SUBJECTS):
        actual = [int(events[id_] or b"") for id_, of, kind in first if of == f"pc:{subject}" and kind == "directory"]
        assert actual == list(range(1, len(actual) + 1))
    assert await empty(database)
    await processes[2].store.close()
