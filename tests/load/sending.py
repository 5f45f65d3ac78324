"""Encode commands and send them at a constant rate, in processes of their own."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM

import orjson

from service.stack.child import Child
from tests.load.contender import STOP_SECONDS
from tests.load.http_writes import CODES
from tests.load.servers import Registry, Servers
from tests.load.window import Stalled

STEPS_PER_SECOND = 20
SHARES = 2
"""Processes that encode at the same time, each with a file and a seed of its own."""

_WAIT_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Encoded:
    """Commands in files, to be sent at this rate per second."""

    files: tuple[Path, ...]
    rate: float


@asynccontextmanager
async def encoded(
    servers: Servers, registry: Registry, rate: float, seconds: float, *, seed: int
) -> AsyncIterator[Encoded]:
    """Encode the commands of this many seconds, and remove the files at the end.

    Each call for a registry needs another seed, from which ids and codes are made.
    """
    count = max(1, round(rate * seconds / SHARES))
    step = max(1, round(rate / STEPS_PER_SECOND))
    files = tuple(servers.folder / f"commands-{seed}-{number}" for number in range(SHARES))
    try:
        async with AsyncExitStack() as stack:
            processes = []
            for number, file in enumerate(files):
                words = (str(file), str(count), str(CODES), str(seed * SHARES + number), str(step))
                processes.append(await stack.enter_async_context(_process(servers, registry, "encoded", words)))
            for process in processes:
                await result(process)
        yield Encoded(files, rate)
    finally:
        for file in files:
            file.unlink(missing_ok=True)


@asynccontextmanager
async def sending(servers: Servers, registry: Registry, commands: Encoded) -> AsyncIterator[Child]:
    """Send the commands in another process, at most until the block ends."""
    words = (str(commands.rate), *map(str, commands.files))
    async with _process(servers, registry, "generator", words) as process:
        yield process


async def result(process: Child) -> dict[str, float]:
    """Wait for the end of a process and return what it reported. Raises Stalled if it failed."""
    while process.alive():  # noqa: ASYNC110 - nothing signals the end of a process
        await asyncio.sleep(_WAIT_SECONDS)
    # Libraries may have printed warnings before.
    line = (process.printed().splitlines() or [""])[-1]
    try:
        reported: dict[str, float] = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise Stalled(f"{process.name} failed: {process.last_lines()}") from None
    return reported


@asynccontextmanager
async def _process(servers: Servers, registry: Registry, module: str, words: Sequence[str]) -> AsyncIterator[Child]:
    child = servers.child(module, (sys.executable, "-m", f"tests.load.{module}", *words), registry.environment())
    try:
        yield child
    finally:
        await child.stop(SIGTERM, seconds=STOP_SECONDS)
