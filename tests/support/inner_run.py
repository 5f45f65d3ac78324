"""A run of the program or of pytest in a process of its own, of which nothing may be left afterwards."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.acceptance.hanging import READY
from tests.support.ladder import Rung
from tests.support.orphan import of_folder
from tests.support.program import environment
from tests.support.wait import eventually

ROOT = Path(__file__).parents[2]
SECONDS = 240.0
PYTEST = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider")
MAKE = ("make", "--no-print-directory", "test")


@asynccontextmanager
async def started(command: Sequence[object], folder: Path, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process with this folder for temporary files; it ends in the block, or by itself after it.

    Nothing may be left then: no process that it started, and no file in the folder.
    """
    # Without what the outer pytest and make tell their own processes.
    outer = {name: value for name, value in environment().items() if not name.startswith(("PYTEST_", "MAKE", "MFLAGS"))}
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            env=outer | {"TMPDIR": str(folder), READY: str(log.parent)},
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
        async with asyncio.timeout(SECONDS):
            await process.wait()
        await eventually(lambda: not of_folder(folder), deadline=SECONDS, what="the end of every process")
        assert list(folder.iterdir()) == []
    finally:
        for left in of_folder(folder):
            left.kill()


def arguments(rung: Rung, *words: str) -> list[str]:
    """Options of an inner test run, with the broker of this one."""
    return ["-q", *(("--broker", rung.kind) if rung.kind in {"tansu", "apache"} else ()), *words]


async def hangs(process: asyncio.subprocess.Process, log: Path, numbers: Sequence[int]) -> None:
    """Wait until these tests of the run have their servers."""

    def reported() -> bool:
        assert process.returncode is None, log.read_text()
        return all((log.parent / str(number)).exists() for number in numbers)

    await eventually(reported, deadline=SECONDS, what="the hanging tests")
