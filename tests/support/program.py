"""The program as its users run it: a process of its own."""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(sys.executable).parent / "producer-registry"


@dataclass(frozen=True)
class Ended:
    """How the program ended, and what it said on both channels."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines of stdout."""
        return self.out.splitlines()


def environment(**settings: object) -> dict[str, str]:
    """The environment of this run without its settings, and with those given: `api_port=0` is REGISTRY_API_PORT."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    return bare | {f"REGISTRY_{name.upper()}": str(value) for name, value in settings.items()}


async def program(*arguments: str, stdin: str = "", seconds: float = 60.0, **settings: object) -> Ended:
    """Run the program to its end, with these settings in its environment; raises TimeoutError when it takes longer."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *arguments,
        env=environment(**settings),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate(stdin.encode())
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return Ended(process.returncode or 0, out.decode(), err.decode())


async def on_a_terminal(typed: str, *arguments: str, **settings: object) -> Ended:
    """Run the program with a terminal as stdin, and type a text on it."""
    controller, terminal = os.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            *arguments,
            env=environment(**settings),
            stdin=terminal,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        os.write(controller, typed.encode())
        async with asyncio.timeout(60):
            out, err = await process.communicate()
    finally:
        os.close(terminal)
        os.close(controller)
    return Ended(process.returncode or 0, out.decode(), err.decode())
