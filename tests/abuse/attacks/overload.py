"""More commands than the service can decide."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from pathlib import Path

from tests.abuse.attacks.sender import command, sender
from tests.abuse.client import first, request
from tests.abuse.observed import CALLER_PATH
from tests.abuse.target import Got, Target, paced
from tests.load import people
from tests.load.encoded import Step
from tests.load.workload import SOURCE, Sent, Workload
from tests.support.measured import measured

PER_SECOND = 16_000
"""Twice the commands that the service decides per second on this machine; see tests/load/README.md."""

CALLS_PER_SECOND = 60.0
QUEUE_SECONDS = 0.25
LISTENING = "0A"
"""The state of a listening socket in /proc/net/tcp."""

MANY = 192_000
UPDATES = 20_000
WARM_COMMANDS = 10_000
WARM_SEED = 2
WARM_SOURCE = "/abuse/before"
BATCHES = "producer_registry_batch_seconds"

_prepared: list[Step] = []
"""The batches of the attack that follows."""


async def prepare_overload(target: Target) -> Got:
    """Encode the commands of the attack."""
    return await _prepare(target, Workload(target.codes).take(target.count(int(PER_SECOND * target.seconds), 4_000)))


async def prepare_many(target: Target) -> Got:
    """Encode 192,000 commands."""
    return await _prepare(target, Workload(target.codes).take(target.count(MANY, 0)))


async def prepare_one_key(target: Target) -> Got:
    """Encode 20,000 updates of one code."""
    updates = ({"description": f"Change {number}"} for number in range(target.count(UPDATES, 0)))
    subject = people.code_id(0)
    commands = (command("producer-code.update", "/abuse/updates", update, subject=subject) for update in updates)
    return await _prepare(target, commands)


async def _prepare(target: Target, commands: Iterator[Sent]) -> Got:
    """Encode commands, and let the service decide some others: at rest it has the memory of a process that worked."""
    warm = Workload(target.codes, seed=WARM_SEED, source=WARM_SOURCE).take(target.count(WARM_COMMANDS, 0))
    async with sender(target) as sending:
        _prepared[:] = await sending.encode(commands)
        count = await sending.send(await sending.encode(warm), PER_SECOND)
        await sending.until_decided(WARM_SOURCE, count)
    return Got()


async def overload(target: Target) -> Got:
    """Send twice the commands that the service can decide, while other callers send requests on new connections."""
    got, over = Got(), asyncio.Event()
    async with sender(target) as sending, asyncio.TaskGroup() as tasks:
        before = await _batches(target)
        waiting = tasks.create_task(_longest_accept_queue(target.api_port, over))
        calling = tasks.create_task(_other_callers(target, got))
        count = await sending.send(_prepared, PER_SECOND)
        decided = sum((await sending.decided(SOURCE)).values())
        if target.short:
            await sending.until_decided(SOURCE, count)
        await calling
        over.set()
        queue = await waiting
        after = await _batches(target)
    got.remarks += [
        f"{count:,} commands sent",
        f"{decided:,} decided meanwhile",
        f"at most {queue} connections wait to be accepted",
    ]
    batches = after[1] - before[1]
    if batches:
        got.remarks.append(f"two batches take {2000 * (after[0] - before[0]) / batches:.0f} ms")
    return got


async def _longest_accept_queue(port: int, over: asyncio.Event) -> int:
    """Return the largest number of connections that waited for the server to accept them."""
    longest = 0
    while not over.is_set():
        longest = max(longest, accept_queue(Path("/proc/net/tcp").read_text(), port))
        await asyncio.sleep(QUEUE_SECONDS)
    return longest


def accept_queue(sockets: str, port: int) -> int:
    """Return the receive queue of a listening socket, which counts connections; 0 if there is no such socket."""
    for line in sockets.splitlines()[1:]:
        _, local, _, state, queues, *_ = line.split()
        if state == LISTENING and int(local.partition(":")[2], 16) == port:
            return int(queues.partition(":")[2], 16)
    return 0


async def _other_callers(target: Target, got: Got) -> None:
    data, end = request(CALLER_PATH, token=target.token(), close=True), time.monotonic() + target.seconds

    async def call() -> None:
        answer = await first(target.api_port, data)
        got.counts[answer.result.partition(" ")[0]] += 1

    async with asyncio.TaskGroup() as calls:
        async for _ in paced(itertools.count(), CALLS_PER_SECOND):
            if time.monotonic() > end:
                return
            calls.create_task(call())


async def many(target: Target) -> Got:
    """Send 192,000 commands at twice the rate, and wait until all are decided."""
    return await _until_decided(target, SOURCE)


async def one_key(target: Target) -> Got:
    """Send 20,000 updates of one code, and wait until all are decided."""
    return await _until_decided(target, "/abuse/updates")


async def _until_decided(target: Target, source: str) -> Got:
    got = Got()
    async with sender(target) as sending:
        count = await sending.send(_prepared, PER_SECOND)
        got.counts.update(await sending.until_decided(source, count))
    return got


async def _batches(target: Target) -> tuple[float, float]:
    """Return the seconds of all batches, and their number; zeros while the admin port does not answer."""
    try:
        seconds = await measured(target.admin_port, f"{BATCHES}_sum")
        return seconds, await measured(target.admin_port, f"{BATCHES}_count")
    except OSError:
        return 0.0, 0.0
