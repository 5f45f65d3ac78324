"""Runs the code blocks of a document one after the other, as a reader would who copies them into a terminal."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.document import ROOT, Block, blocks, matches, matches_json
from tests.support.program import environment

BLOCK_SECONDS = 240.0
STOP_SECONDS = 60.0
RUNNABLE = {"sh", "python"}
OUTPUT = {"text", "json"}
MAKE = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "ARGS", "WORKERS")
"""What the `make` that runs the tests passes on: variables of its command line, too, are for the tests only."""


class DocumentRun:
    """One document in one shell; `replacements` map addresses in the document to those of this run.

    `programs` is a folder that goes before those of PATH.
    """

    def __init__(
        self,
        document: Path,
        folder: Path,
        replacements: dict[str, str],
        *,
        programs: Path | None = None,
        **settings: object,
    ) -> None:
        self.document = document
        self.replacements = dict(replacements)
        self._folder = folder
        kept = {name: value for name, value in environment(**settings).items() if name not in MAKE}
        path = kept["PATH"] if programs is None else f"{programs}{os.pathsep}{kept['PATH']}"
        self._environment = {**kept, "PATH": path, "PYTHONUNBUFFERED": "1"}
        self._background: list[asyncio.subprocess.Process] = []

    async def run(self) -> int:
        """Run every block and compare its output; returns how many ran. Raises AssertionError at the first mismatch."""
        listed = blocks(self.document.read_text())
        count = 0
        async with self._shell() as shell:
            for block, following in zip(listed, [*listed[1:], None], strict=True):
                if block.language not in RUNNABLE or block.mode == "no":
                    continue
                expected = following if following is not None and following.language in OUTPUT else None
                async with asyncio.timeout(BLOCK_SECONDS):
                    await self._run(block, expected, shell)
                count += 1
        return count

    async def stop(self) -> None:
        """End what runs in the background."""
        for process in self._background:
            await _end(process)

    async def _run(self, block: Block, expected: Block | None, shell: asyncio.subprocess.Process) -> None:
        text = self._here(block.text)
        match block.language, block.mode:
            case "sh", "background":
                assert expected is not None
                await self._start(block, text, expected)
            case "sh", "":
                code, output = await _in_shell(shell, text)
                self._compare(block, expected, output, code)
            case "python", "":
                process = await self._spawn(sys.executable, "-c", text)
                output = (await process.communicate())[0].decode()
                self._compare(block, expected, output, process.returncode or 0)
            case "python", "until output":
                assert expected is not None
                await self._until(block, await self._spawn(sys.executable, "-c", text), expected)
            case language, mode:
                raise AssertionError(f"{self._where(block)}: unknown way to run {language}: {mode}")

    async def _start(self, block: Block, text: str, expected: Block) -> None:
        with (self._folder / f"line-{block.line}.log").open("ab") as stderr:
            process = await asyncio.create_subprocess_exec(
                "bash", "-c", text, cwd=ROOT, env=self._environment, stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE, stderr=stderr, start_new_session=True,
            )  # fmt: skip
        self._background.append(process)
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        assert line, f"{self._where(block)} ended: {(self._folder / f'line-{block.line}.log').read_text()[-3000:]}"
        self._learn(line)
        self._compare(block, expected, line, 0)

    def _learn(self, line: str) -> None:
        """Take the addresses of a ready line: the port of the document may be taken on this machine."""
        api = json.loads(line)["api"].removeprefix("http://")
        self.replacements |= {"127.0.0.1:8080": api, "localhost:8080": api}

    async def _until(self, block: Block, process: asyncio.subprocess.Process, expected: Block) -> None:
        assert process.stdout is not None
        output = ""
        try:
            async with asyncio.timeout(60):
                while not matches(self._here(expected.text), output):
                    line = await process.stdout.readline()
                    if not line:
                        break
                    output += line.decode()
        except TimeoutError:
            pass
        finally:
            await _end(process)
        self._compare(block, expected, output, 0)

    async def _spawn(self, *command: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *command, cwd=self._folder, env=self._environment, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def _compare(self, block: Block, expected: Block | None, output: str, code: int) -> None:
        if expected is None:
            assert code == 0, f"{self._where(block)} ended with {code}:\n{block.text}\n{output}"
            return
        wanted = self._here(expected.text)
        same = matches_json(wanted, output) if expected.language == "json" else matches(wanted, output)
        assert same, f"{self._where(block)}:\n{block.text}\nexpected:\n{wanted}\nbut it printed:\n{output}"

    def _here(self, text: str) -> str:
        for address, here in self.replacements.items():
            text = text.replace(address, here)
        return text

    def _where(self, block: Block) -> str:
        name = self.document.relative_to(ROOT) if self.document.is_relative_to(ROOT) else self.document.name
        return f"{name} line {block.line}"

    @asynccontextmanager
    async def _shell(self) -> AsyncIterator[asyncio.subprocess.Process]:
        shell = await asyncio.create_subprocess_exec(
            "bash", "--norc", cwd=ROOT, env=self._environment, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            yield shell
        finally:
            await _end(shell, signal.SIGKILL)


async def _in_shell(shell: asyncio.subprocess.Process, text: str) -> tuple[int, str]:
    """Run a text in the shell; returns the exit code of its last command, and what it printed on both channels."""
    assert shell.stdin is not None
    assert shell.stdout is not None
    mark = f"end-{secrets.token_hex(8)}"
    shell.stdin.write(f"{{\n{text}\n}} </dev/null\nprintf '\\n%s %s\\n' {mark} $?\n".encode())
    await shell.stdin.drain()
    output = ""
    while line := (await shell.stdout.readline()).decode():
        if line.startswith(mark):
            return int(line.split()[1]), output
        output += line
    raise AssertionError(f"the shell ended:\n{output}")


async def _end(process: asyncio.subprocess.Process, number: signal.Signals = signal.SIGTERM) -> None:
    """Send a signal to the process and its children, and wait for its end; kills what does not end.

    SIGTERM, because children of a test run that a shell started in the background ignore SIGINT.
    """
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise
