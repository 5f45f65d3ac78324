"""`producer-registry dev` as a process: its ready line, questions to it, its end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.support.program import PROGRAM, Ended, environment, program

READY_SECONDS = 120.0
STOP_SECONDS = 60.0


@dataclass
class Dev:
    """A running `dev`: what its ready line said, and its process."""

    ready: dict[str, Any]
    data_dir: Path
    process: asyncio.subprocess.Process
    log: Path

    async def run(self, *arguments: str, stdin: str = "") -> Ended:
        """Run another command that finds this stack by its data folder."""
        return await program(*arguments, "--data-dir", str(self.data_dir), stdin=stdin)

    async def token(self, sub: str, scope: str, *more: str) -> str:
        """A token of the stack's own key."""
        return (await self.run("token", "--sub", sub, "--scope", scope, *more)).out.strip()

    async def get(self, path: str, token: str | None = None) -> tuple[int, Any]:
        """Status and JSON body of a GET from the API."""
        return await asyncio.to_thread(self._get, self.ready["api"] + path, token)

    async def stop(self) -> int:
        """End it with SIGTERM and give its exit code."""
        if self.process.returncode is None:
            self.process.terminate()
        async with asyncio.timeout(STOP_SECONDS):
            return await self.process.wait()

    async def kill(self) -> None:
        """End it without any warning."""
        self.process.kill()
        await self.process.wait()

    def servers(self) -> list[psutil.Process]:
        """The database and broker processes of its data folder."""
        found = []
        # A node of Apache Kafka has a folder within that of its cluster.
        for file in (*self.data_dir.glob("*/pid"), *self.data_dir.glob("*/*/pid")):
            pid = json.loads(file.read_text())["pid"]
            if psutil.pid_exists(pid):
                found.append(psutil.Process(pid))
        return found

    @staticmethod
    def _get(address: str, token: str | None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = httpx.get(address, headers=headers, timeout=10)
        return answer.status_code, answer.json()


async def start_dev(data_dir: Path, *arguments: str, log: Path, **settings: object) -> Dev:
    """Start `dev` and wait for its ready line; raises AssertionError with its log when there is none."""
    with log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            "dev",
            "--data-dir",
            str(data_dir),
            *arguments,
            env=environment(**settings),
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
        )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_SECONDS):
            line = await process.stdout.readline()
    except TimeoutError:
        process.kill()
        raise
    if not line:
        await process.wait()
        raise AssertionError(f"dev ended with {process.returncode} before it was ready:\n{log.read_text()[-4000:]}")
    return Dev(json.loads(line), data_dir, process, log)


@asynccontextmanager
async def running_dev(data_dir: Path, *arguments: str, log: Path, **settings: object) -> AsyncIterator[Dev]:
    """A `dev` for as long as the block runs, with its servers gone afterwards however it ended."""
    dev = await start_dev(data_dir, *arguments, log=log, **settings)
    try:
        yield dev
    finally:
        await dev.stop()
        for server in dev.servers():
            server.kill()
