"""Programs in four languages that read and send events, each with the CloudEvents SDK and a client of its language.

`read BOOTSTRAP TOPIC=COUNT...` reads all records of topics, whose numbers are given. It prints a JSON object for each
record: `topic`, `partition`, `offset`, `key` and `value` (base64 or null), `headers` (pairs of a name and a value in
base64 or null), and either `attributes` (texts by name) and `data` (JSON as a text) of the event, or `error` of the
SDK. A record without a value has none of them.

`send BOOTSTRAP` reads commands as JSON lines: `topic`, `key`, `mode` (`binary` or `structured`) and `event`, an event
in the JSON format of CloudEvents. It prints `id`, `topic`, `partition` and `offset` of each command that was written.
"""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from service.stack.apache.classpath import resolve

FOLDER = Path(__file__).parent
BUILD = FOLDER.parents[1] / "build" / "interop"
SECONDS = 150.0
LANGUAGES = ("go", "java", "javascript", "python")


class Failed(AssertionError):
    """A program did not end with success; the message has its standard error."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that is built: its language, and its command without arguments."""

    language: str
    command: tuple[str, ...]

    async def read(self, bootstrap: str, counts: Mapping[str, int]) -> list[dict[str, Any]]:
        """Return all records of topics, whose numbers are given. Raises Failed."""
        topics = [f"{topic}={count}" for topic, count in counts.items() if count]
        return await run([*self.command, "read", bootstrap, *topics])

    async def send(self, bootstrap: str, commands: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Send commands, and return where each one was written. Raises Failed."""
        text = "".join(json.dumps(command) + "\n" for command in commands)
        return await run([*self.command, "send", bootstrap], text)


async def run(command: Sequence[str], text: str = "", cwd: Path | None = None) -> list[Any]:
    """Run a program with a text as its standard input, and return the lines of JSON that it prints. Raises Failed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=2**26,
    )
    try:
        async with asyncio.timeout(SECONDS):
            out, err = await process.communicate(text.encode())
    except TimeoutError:
        process.kill()
        raise
    if process.returncode:
        raise Failed(f"{' '.join(command[:3])} ended with {process.returncode}:\n{err.decode()[-4000:]}")
    return [json.loads(line) for line in out.splitlines()]


@cache
def build(language: str) -> Program:
    """Build the program of a language in a folder that git ignores. Raises Failed, or StackError if Maven fails."""
    match language:
        case "go":
            binary = BUILD / "go" / "interop"
            _call(["go", "build", "-o", str(binary), "."], FOLDER / "go")
            return Program(language, (str(binary),))
        case "java":
            classes, path = BUILD / "java", resolve(FOLDER / "java" / "pom.xml")
            lint = ("-Werror", "-Xlint:all,-processing,-path", "-proc:none")
            _call(["javac", *lint, "-cp", path, "-d", str(classes), "Interop.java"], FOLDER / "java")
            log = "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"
            return Program(
                language,
                ("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", log, "-cp", f"{classes}:{path}", "Interop"),
            )
        case "javascript":
            return Program(language, ("node", str(javascript() / "interop.js")))
        case _:
            return Program(language, (sys.executable, str(FOLDER / "python" / "interop.py")))


@cache
def javascript() -> Path:
    """Copy the JavaScript files to a folder and install what they require. Return the folder. Raises Failed."""
    folder = BUILD / "javascript"
    lock, installed = FOLDER / "javascript" / "package-lock.json", folder / "installed.json"
    shutil.copytree(FOLDER / "javascript", folder, dirs_exist_ok=True)
    if not installed.exists() or installed.read_bytes() != lock.read_bytes():
        _call(["npm", "ci"], folder)
        shutil.copyfile(lock, installed)
    return folder


def _call(command: Sequence[str], folder: Path) -> None:
    BUILD.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(command)[:200]} failed in {folder}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
