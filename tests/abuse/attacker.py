"""The attacker: a process of its own, so that its work does not delay the measured requests.

`python -m tests.abuse.attacker` reads a line of JSON with the name of a function and a target for each attack, and
writes a line of JSON with what it got. The end of its input ends it.
"""

import asyncio
import importlib
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import cast

import orjson
import uvloop

from tests.abuse.target import Got, Target

Attack = Callable[[Target], Awaitable[Got]]

NICENESS = 5
"""The attacker shares the machine with the service; a real one has its own."""

GRACE_SECONDS = 150.0
LINE_BYTES = 1 << 20


class Attacker:
    """The process that attacks."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def run(self, attack: Attack, target: Target) -> Got:
        """Run an attack. Raises RuntimeError when the process ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(orjson.dumps([attack.__module__, attack.__name__, asdict(target)]) + b"\n")
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the attacker ended during {attack.__name__}")
        counts, remarks, unexpected = orjson.loads(line)
        return Got(Counter(counts), remarks, unexpected)


@asynccontextmanager
async def attacker() -> AsyncIterator[Attacker]:
    """Start the process, and end it at the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.abuse.attacker"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_BYTES,
    )
    try:
        yield Attacker(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def run(attack: Attack, target: Target) -> Got:
    """Run an attack within its time; one that takes too long or fails is reported as unexpected."""
    try:
        async with asyncio.timeout(target.seconds + GRACE_SECONDS):
            return await attack(target)
    except TimeoutError:
        return Got(unexpected=["the attack did not end in time"])
    except Exception as error:
        # The row fails, and the other rows still run.
        reasons = error.exceptions if isinstance(error, ExceptionGroup) else [error]
        return Got(unexpected=[f"the attack failed: {'; '.join(map(repr, reasons))}"])


def main() -> None:
    """Run the attacks that the standard input names."""
    os.nice(NICENESS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in sys.stdin.buffer:
            module, name, fields = orjson.loads(line)
            attack = cast("Attack", getattr(importlib.import_module(module), name))
            got = runner.run(run(attack, Target(**fields)))
            sys.stdout.buffer.write(orjson.dumps([got.counts, got.remarks, got.unexpected]) + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
