"""The notification of API processes: two writers that commit at the same time, with a notification and without.

PostgreSQL commits transactions with a notification one after the other. Each writer is a process of its own, and a
session listens like that of an API process; the messages in the outbox are left there.

`python -m tests.load.notify URL NUMBER COMMANDS SECONDS on|off` is one writer: it waits for a line of input, decides
batches of this many commands, and prints the number of batches.
"""

import asyncio
import itertools
import sys
import time
from contextlib import AsyncExitStack

import asyncpg

from service.contract.envelope import Parsed
from service.contract.topics import Topics
from service.settings import load as load_settings
from service.store import command_store
from service.store.command_store import CommandStore
from service.store.http_notification import CHANNEL, COMMIT, COMMIT_AND_NOTIFY
from service.store.migrate import migrate
from service.store.offset_fence import Origin
from tests.load.figure import Figure
from tests.load.report import Section, spread
from tests.load.servers import Servers
from tests.support import scenario
from tests.support.database import made_database, url_of
from tests.support.record import Log

COLUMNS = ("writers, commands per batch", "batches/s without", "batches/s with", "with of without")
WRITERS, COMMANDS = (1, 2), (1, 100)
SHARDS = range(16)
WARM_BATCHES = 20

TOPICS = Topics()
ORIGIN = Origin("cluster", {TOPICS.commands: "commands", TOPICS.operator_commands: "operator"})


async def notify(servers: Servers, seconds: float, rounds: int) -> Section:
    """Measure one writer and two, with small and large batches; with and without notification in turns."""
    section = Section("Notification of API processes: batches a second of all writers together", COLUMNS)
    server = servers.postgres.address
    for writers, commands in itertools.product(WRITERS, COMMANDS):
        rates: dict[str, list[float]] = {"off": [], "on": []}
        for _ in range(rounds):
            for notifies, taken in rates.items():
                async with made_database(server) as name:
                    taken.append(await _round(url_of(server, name), writers, commands, seconds, notifies))
        without, with_it = (Figure(tuple(taken)) for taken in rates.values())
        share = with_it.over(without)
        row = f"{writers}, {commands}"
        section.rows.append([row, spread(without), spread(with_it), spread(share)])
        section.figures[row] = {"without": without.as_json(), "with": with_it.as_json(), "share": share.as_json()}
    return section


async def _round(url: str, writers: int, commands: int, seconds: float, notifies: str) -> float:
    settings = load_settings({"database_url": url})
    await migrate(settings)
    store = CommandStore(settings, TOPICS, origin=ORIGIN, held=lambda: frozenset(SHARDS))
    await store.apply(scenario.directory().read())
    await store.close()
    async with AsyncExitStack() as stack:
        listening = await asyncpg.connect(url)
        stack.push_async_callback(listening.close)
        await listening.add_listener(CHANNEL, lambda *_: None)
        processes = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.load.notify", url, str(number), str(commands), str(seconds), notifies,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            )
            for number in range(writers)
        ]  # fmt: skip
        for process in processes:
            assert process.stdout is not None
            await process.stdout.readline()
        printed = await asyncio.gather(*(process.communicate(b"start\n") for process in processes))
    return sum(int(out) for out, _ in printed) / seconds


async def write(url: str, number: int, commands: int, seconds: float, *, notifies: bool) -> None:
    """Decide batches as one writer, and print their number."""
    vars(command_store)["commit_of"] = lambda _: COMMIT_AND_NOTIFY if notifies else COMMIT
    store = CommandStore(load_settings({"database_url": url}), TOPICS, origin=ORIGIN, held=lambda: frozenset(SHARDS))
    log = Log(TOPICS.commands, number + 1, f"/notify/{number}")
    names = itertools.count()

    def batch() -> list[Parsed]:
        for _ in range(commands):
            name = f"{number}-{next(names)}"
            scenario.create_code(log, f"c{name}", f"code-{name}", f"C-{name}")
        return log.read()

    for _ in range(WARM_BATCHES):
        await store.apply(batch())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    done, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        await store.apply(batch())
        done += 1
    await store.close()
    sys.stdout.write(str(done))


if __name__ == "__main__":
    asyncio.run(
        write(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), notifies=sys.argv[5] == "on")
    )
