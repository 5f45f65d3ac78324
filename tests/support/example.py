"""The examples in deploy/examples as their users run them: each is a program of its own."""

import asyncio
import json
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from tests.support.checker.model import Model
from tests.support.checker.state import as_reported
from tests.support.registry import Registry
from tests.support.snapshot import take_snapshot

EXAMPLES = Path(__file__).parents[2] / "deploy/examples"

States = dict[str, dict[str, Any]]


async def run(*command: str, stdin: str = "", seconds: float = 60) -> tuple[int, str, str]:
    """Run a program to its end. Return its exit code, and what it wrote to stdout and stderr."""
    process = await _started(*command)
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate(stdin.encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, out.decode(), err.decode()


async def send(registry: Registry, commands: Iterable[Mapping[str, Any]]) -> tuple[int, str, str]:
    """Send commands with the example of a sender."""
    lines = "".join(json.dumps(command) + "\n" for command in commands)
    prefix = ("--prefix", str(registry.settings["topic_prefix"]))
    return await run(sys.executable, str(EXAMPLES / "sender.py"), servers(registry), *prefix, stdin=lines)


@asynccontextmanager
async def subscriber(registry: Registry, copy: Path, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the example of a subscriber; it is killed at the end of the block."""
    process = await _started(sys.executable, *subscriber_command(registry, copy), *options)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def subscriber_command(registry: Registry, copy: Path) -> tuple[str, ...]:
    """Return the arguments of the Python interpreter that run the subscriber."""
    prefix = ("--prefix", str(registry.settings["topic_prefix"]))
    return str(EXAMPLES / "subscriber.py"), servers(registry), str(copy), *prefix


def servers(registry: Registry) -> str:
    """Return the address of the broker."""
    return str(registry.settings["kafka_bootstrap_servers"])


def copied(copy: Path) -> States:
    """Return the states by id in the copy of the subscriber, for each kind (the name of its field in the data)."""
    if not copy.exists():
        return {}
    with closing(sqlite3.connect(copy)) as database:
        if not database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'state'").fetchall():
            return {}
        found = database.execute("SELECT data FROM state WHERE data IS NOT NULL").fetchall()
    return by_kind(json.loads(data) for (data,) in found)


def by_kind(all_data: Iterable[dict[str, Any]]) -> States:
    """Return the states by kind and id from the data of state records."""
    states: States = {}
    for data in all_data:
        kind = next(iter(data))
        states.setdefault(kind, {})[data[kind]["id"]] = data[kind]
    return states


async def registered(registry: Registry) -> States:
    """Return the states by kind and id in the tables of the registry."""
    snapshot = await take_snapshot(str(registry.settings["database_url"]))
    return {kind: dict(states) for kind, states in as_reported(Model(world=snapshot.world)).items() if states}


async def _started(*command: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
