"""One server process of the stack: started, found again by its pid file, signalled, and ended by its own pid."""

import asyncio
import json
import re
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import psutil

from service.stack import reaper
from service.stack.errors import StackError

POLL_SECONDS = 0.02
KILL_SECONDS = 10.0
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Child:
    """A server process; the reaper of its parent ends it when the parent dies.

    One that outlives both is taken up again by the next parent. Its folder holds `pid` (pid, port and command line as
    JSON) and `log` (what the process printed, appended).
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.port = 0
        self.pid: int | None = None
        self._popen: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def log(self) -> Path:
        """The file that takes what the process prints."""
        return self.folder / "log"

    @property
    def _pid_file(self) -> Path:
        return self.folder / "pid"

    def adopt(self) -> bool:
        """Take up the process of an earlier parent when it lives and is really ours, by its whole command line."""
        if self.alive():
            return True
        try:
            record = json.loads(self._pid_file.read_text())
            command = psutil.Process(record["pid"]).cmdline()
        except (FileNotFoundError, ValueError, psutil.Error):
            return False
        if command != record["command"]:
            return False
        self.pid, self.port, self._popen = record["pid"], record["port"], None
        return True

    def launch(
        self,
        command: Sequence[str],
        *,
        port: int,
        wrapper: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the process in a session of its own, so that Ctrl-C of the parent does not reach it.

        `wrapper` goes before the command and must end in replacing itself by it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        mark = reaper.attach().mark
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._popen = subprocess.Popen(
                [*wrapper, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=None if environment is None else {**environment, mark: "1"},
                start_new_session=True,
            )
        self.pid, self.port = self._popen.pid, port
        record = {"pid": self.pid, "port": port, "command": list(command)}
        fresh = self._pid_file.with_suffix(".new")
        fresh.write_text(json.dumps(record))
        fresh.replace(self._pid_file)

    async def until(self, ready: Callable[[], Awaitable[bool]], *, seconds: float) -> None:
        """Wait until the server is ready; raises StackError with the end of its log when it dies or takes too long."""
        end = time.monotonic() + seconds
        while not await ready():
            if not self.alive():
                raise StackError(f"{self.name} ended at its start; {self.last_lines()}")
            if time.monotonic() > end:
                raise StackError(f"{self.name} was not ready after {seconds:g} seconds; {self.last_lines()}")
            await asyncio.sleep(POLL_SECONDS)

    def alive(self) -> bool:
        """Tell whether the process runs (a suspended one does, a zombie does not)."""
        if self._popen is not None:
            return self._popen.poll() is None
        if self.pid is None:
            return False
        try:
            return psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def printed(self) -> str:
        """Return what the process printed since its last start by this object."""
        try:
            with self.log.open("rb") as log:
                log.seek(self._log_start)
                return log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    def last_lines(self, count: int = 15) -> str:
        """Return where the log lies and how it ends, for an error message."""
        lines = COLOUR.sub("", self.printed()).splitlines()[-count:]
        return f"{self.log} ends with:\n" + ("\n".join(lines) or "(nothing printed)")

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process and all it started, such as SIGSTOP; one that is gone meanwhile is left out."""
        if self.pid is None or not self.alive():
            return
        try:
            top = psutil.Process(self.pid)
            family = [top, *top.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for process in family:
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue

    async def kill(self) -> None:
        """End the process with SIGKILL and wait until it is gone."""
        self.send(signal.SIGKILL)
        await self._gone(KILL_SECONDS)

    async def stop(self, number: signal.Signals, *, seconds: float) -> None:
        """End the process with a signal, with SIGKILL when the time is over, and forget its pid file."""
        if self.pid is None:
            return
        if self.alive():
            psutil.Process(self.pid).send_signal(number)
            # A suspended process would keep the signal for later.
            self.send(signal.SIGCONT)
            if not await self._gone(seconds):
                await self.kill()
        self._pid_file.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Let go of the process without touching it."""
        self.pid, self._popen = None, None

    async def _gone(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > end:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True
