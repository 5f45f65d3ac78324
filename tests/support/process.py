"""Processes of the service as production has them: `producer-registry serve`, with signals, logs and health."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from service.stack import port as ports
from tests.support.program import PROGRAM, environment

STOP_SECONDS = 30.0
POLL_SECONDS = 0.02


class Service:
    """One process; `settings` are fields of Settings by name, whatever else the environment has of ours is left out.

    `started` counts its lives. What it prints goes to `log`, all lives after each other.
    """

    def __init__(self, name: str, folder: Path, settings: Mapping[str, object], arguments: Sequence[str] = ()) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self.arguments = arguments
        self.settings = dict(settings)
        self.admin_port = _own_port()
        self.api_port = _own_port()
        self.started = 0
        self.overdue = False
        """Whether the last stop took too long, so that the process was killed."""
        self.command: list[str] = [str(PROGRAM)]
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the present or last life."""
        assert self._popen is not None, f"{self.name} was never started"
        return self._popen.pid

    @property
    def code(self) -> int | None:
        """How the last life ended: its exit code, minus a signal, or None while it lives."""
        return None if self._popen is None else self._popen.poll()

    @property
    def alive(self) -> bool:
        """Whether it runs (stopped by a signal counts as running)."""
        return self._popen is not None and self._popen.poll() is None

    def start(self, **settings: object) -> None:
        """Begin a life, after the one before has ended; settings given here hold for this one only."""
        assert not self.alive, f"{self.name} runs already"
        # Somebody else on the machine may have taken them since they were chosen.
        if not ports.is_free(self.admin_port):
            self.admin_port = _own_port()
        if not ports.is_free(self.api_port):
            self.api_port = _own_port()
        own = {"admin_port": self.admin_port, "api_port": self.api_port}
        chosen = {**own, **self.settings, **settings}
        with self.log.open("ab") as log:
            log.write(f"--- life {self.started + 1} of {self.name}\n".encode())
            log.flush()
            self._popen = subprocess.Popen(
                [*self.command, "serve", *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment(**chosen),
                start_new_session=True,
            )
        self.started += 1

    def send(self, number: signal.Signals) -> None:
        """Send a signal; a process that is gone meanwhile is left out."""
        if self._popen is not None:
            self._popen.send_signal(number)

    async def gone(self, seconds: float = STOP_SECONDS) -> bool:
        """Wait until the present life ended; False when the time is over."""
        life = self._popen
        end = time.monotonic() + seconds
        while life is not None and life.poll() is None:
            if time.monotonic() > end:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    async def kill(self) -> None:
        """End it with SIGKILL."""
        self.send(signal.SIGKILL)
        await self.gone()

    async def stop(self, seconds: float = STOP_SECONDS) -> int:
        """End it with SIGTERM and answer its exit code; one that does not end is killed (-9)."""
        life = self._popen
        self.send(signal.SIGTERM)
        self.send(signal.SIGCONT)
        self.overdue = not await self.gone(seconds)
        if self.overdue:
            await self.kill()
        return 0 if life is None else life.wait()

    def suspended(self) -> bool:
        """Whether it was stopped by a signal."""
        try:
            return bool(psutil.Process(self.pid).status() == psutil.STATUS_STOPPED)
        except psutil.NoSuchProcess:
            return False

    def reached(self, point: str) -> bool:
        """Whether one of its lives has reached this fail point of its plan.

        A process that is stopped may have been stopped by another signal.
        """
        lines = self.log.read_text(errors="replace").splitlines()
        return any('"event": "fail_point"' in line and f'"point": "{point}"' in line for line in lines)

    async def ready(self) -> bool:
        """Whether its health says ready now."""
        return await health(self.admin_port, "/readyz") == 200

    def last_lines(self, count: int = 30) -> str:
        """The end of its log."""
        lines = self.log.read_text(errors="replace").splitlines()[-count:]
        return f"{self.name}:\n" + "\n".join(lines)


_given: set[int] = set()


def _own_port() -> int:
    """A free port that no other process of this test run was given: those may not listen yet."""
    while (port := ports.choose(0, server="the service", setting="REGISTRY_ADMIN_PORT")) in _given:
        pass
    _given.add(port)
    return port


async def health(port: int, path: str, *, token: str = "", seconds: float = 2.0) -> int:
    """Ask a port over HTTP, with a token when one is given; answers the status, 0 when nobody does in these seconds."""
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(ports.HOST, port), seconds)
    except (OSError, TimeoutError):
        return 0
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    try:
        head = f"GET {path} HTTP/1.1\r\nHost: {ports.HOST}\r\n{bearer}Connection: close\r\n\r\n"
        writer.write(head.encode())
        line = await asyncio.wait_for(reader.readline(), seconds)
    except (OSError, TimeoutError):
        return 0
    finally:
        writer.close()
    words = line.split()
    return int(words[1]) if len(words) > 1 else 0
