"""Open transactions of other applications: how the cost of batches grows with their duration.

While a transaction is open, PostgreSQL keeps every old row version, so statements that read past old versions get
slower with each batch. Two writers and a relay run in this process, on their own database; messages are discarded.
"""

import asyncio
import contextlib
import itertools
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import asyncpg

from service.contract.envelope import Parsed
from service.contract.topics import Topics
from service.settings import Settings
from service.settings import load as load_settings
from service.store.command_store import CommandStore
from service.store.migrate import migrate
from service.store.offset_fence import Origin
from tests.integration.consumers.process import Broker, Process
from tests.load.cpu import cpu_seconds, memory_bytes
from tests.load.figure import short
from tests.load.report import Section
from tests.load.servers import Servers
from tests.support import scenario
from tests.support.database import made_database, url_of
from tests.support.foreign import KINDS, open_transaction
from tests.support.record import Log
from tests.support.wait import eventually

COLUMNS = (
    "open transaction", "batch ms first", "last", "last of first", "CPU of PostgreSQL, last of first",
    "pages first", "last", "more MiB", "relay starts",
)  # fmt: skip

NONE = "nothing"
PARTITIONS = 6
"""Partitions of each writer; a batch has a command in each partition."""

_PAGES = """
    SELECT sum(heap_blks_read + heap_blks_hit + COALESCE(idx_blks_read + idx_blks_hit, 0))
    FROM pg_statio_user_tables WHERE relname NOT LIKE 'outbox%'
"""

TOPICS = Topics()
ORIGIN = Origin("cluster", {TOPICS.commands: "commands", TOPICS.operator_commands: "operator"})
DEADLINE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """The cost of a batch in a part of a run: median seconds, CPU seconds of PostgreSQL, and touched pages."""

    seconds: float
    cpu: float
    pages: float


async def pinned(servers: Servers, batches: int) -> Section:
    """Run this many batches with each kind of open transaction, and without one."""
    part = max(10, batches // 20)
    section = Section(f"Open transactions of other applications, {batches:,} batches of {PARTITIONS} commands", COLUMNS)
    for kind in (NONE, *KINDS):
        sys.stderr.write(f"open transaction: {kind}\n")
        section.figures[kind] = reported = await _measure_with_transaction(servers, kind, batches, part)
        section.rows.append([kind, *map(short, reported.values())])
    section.remarks = [
        f"goal: the last {part} batches take at most 1.3 times as long as the first {part}, the relay starts once",
        "two concurrent writers and a relay, all in one process; medians per batch; CPU of the whole server; "
        "pages of tables and indexes touched by a batch of a writer",
    ]
    return section


async def _measure_with_transaction(servers: Servers, kind: str, batches: int, part: int) -> dict[str, Any]:
    server = servers.postgres.address
    async with contextlib.AsyncExitStack() as stack:
        url = url_of(server, await stack.enter_async_context(made_database(server)))
        settings = load_settings({"database_url": url})
        await migrate(settings)
        broker = Broker()
        process = Process(settings, broker)
        begins = _count_begins(process)
        writers = [Writer(process, settings, number) for number in range(2)]
        for writer in writers:
            stack.push_async_callback(writer.store.close)
        await writers[0].store.apply(scenario.directory().read())
        await stack.enter_async_context(process.running())
        await eventually(lambda: len(process.relay.shards) == 16, what="all shards")
        if kind != NONE:
            await stack.enter_async_context(open_transaction(kind, server, url))
        # Warm-up, not measured: plans, caches and the first pages.
        await _stretch(servers, writers, part, broker, url)
        before = memory_bytes(os.getpid())[0]
        first = await _stretch(servers, writers, part, broker, url)
        await _stretch(servers, writers, batches - 2 * part, broker, url)
        last = await _stretch(servers, writers, part, broker, url)
        more = memory_bytes(os.getpid())[0] - before
    return {
        "first_ms": first.seconds * 1000,
        "last_ms": last.seconds * 1000,
        "last_of_first": last.seconds / first.seconds,
        "cpu_last_of_first": last.cpu / first.cpu,
        "first_pages": first.pages,
        "last_pages": last.pages,
        "more_mebibytes": more / 2**20,
        "relay_begins": len(begins),
    }


class Writer:
    """A writer with its own partitions."""

    def __init__(self, process: Process, settings: Settings, number: int) -> None:
        self.store = CommandStore(settings, TOPICS, origin=ORIGIN, held=lambda: process.relay.shards)
        self._process = process
        self._logs = [
            Log(TOPICS.commands, number * PARTITIONS + servers, f"/pinned/{number}-{servers}")
            for servers in range(PARTITIONS)
        ]
        self._names = itertools.count(number, 2)

    def batch(self) -> list[Parsed]:
        """Return a batch with a command in each partition, each with its own subject."""
        batch: list[Parsed] = []
        for log in self._logs:
            name = next(self._names)
            scenario.create_code(log, f"c{name}", f"code-{name}", f"C-{name}")
            batch += log.read()
            # The log stores all records, which are not read again here.
            log.records[-1] = log.records[0]
        return batch

    async def flush_statistics(self) -> None:
        """Let the session report its statistics to the server now."""
        await (await self.store._session()).execute("SELECT pg_stat_force_next_flush()")

    async def apply(self, batch: Sequence[Parsed]) -> None:
        """Decide a batch like a consumer that knows its offsets, and wake the relay."""
        reached = {(log.topic, log.partition): len(log.records) - 1 for log in self._logs if len(log.records) > 1}
        await self.store.apply(batch, reached)
        self._process.relay.wake()


async def _stretch(servers: Servers, writers: Sequence[Writer], batches: int, broker: Broker, url: str) -> Stretch:
    """Run this many batches in total with both writers concurrently."""
    left = iter(range(batches))
    seconds: list[float] = []

    async def work(writer: Writer) -> None:
        for _ in left:
            batch = writer.batch()
            started = time.perf_counter()
            await writer.apply(batch)
            seconds.append(time.perf_counter() - started)
            broker.delivered.clear()

    before = cpu_seconds(servers.database_pid), await _pages(writers, url)
    async with asyncio.timeout(DEADLINE_SECONDS):
        await asyncio.gather(*map(work, writers))
    after = cpu_seconds(servers.database_pid), await _pages(writers, url)
    cpu, pages = (now - then for now, then in zip(after, before, strict=True))
    return Stretch(median(seconds), cpu / batches, pages / batches)


async def _pages(writers: Sequence[Writer], url: str) -> int:
    """Return the number of pages of tables and indexes that the writers' sessions touched until now."""
    for writer in writers:
        await writer.flush_statistics()
    session = await asyncpg.connect(url, timeout=30)
    try:
        return int(await session.fetchval(_PAGES))
    finally:
        await session.close()


def _count_begins(process: Process) -> list[None]:
    """Return a list that grows each time the relay opens its session."""
    begins: list[None] = []
    opening = process.outbox.open

    async def opened(*arguments: Any) -> None:
        begins.append(None)
        await opening(*arguments)

    process.outbox.open = opened  # type: ignore[method-assign, assignment]
    return begins
