"""A server process of the stack, identified by its pid file."""

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
    """A server process. The reaper of its parent ends it when the parent dies.

    A process that survives both can be adopted by the next parent. Its folder has the files `pid` (pid, port and
    command line as JSON) and `log` (the output of the process, appended).
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
        """The file with the output of the process."""
        return self.folder / "log"

    @property
    def _pid_file(self) -> Path:
        return self.folder / "pid"

    def adopt(self) -> bool:
        """Adopt the process of an earlier parent if it is running with the recorded command line."""
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
        """Start the process in a separate session, so that Ctrl-C in the parent does not reach it.

        `wrapper` is put before the command. It must finally replace itself by the command (exec).
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
        new_file = self._pid_file.with_suffix(".new")
        new_file.write_text(json.dumps(record))
        new_file.replace(self._pid_file)

    async def until(self, ready: Callable[[], Awaitable[bool]], *, seconds: float) -> None:
        """Wait until the server is ready. Raises StackError with the end of its log if it exits or the time is over."""
        end = time.monotonic() + seconds
        while not await ready():
            if not self.alive():
                raise StackError(f"{self.name} exited during startup; {self.last_lines()}")
            if time.monotonic() > end:
                raise StackError(f"{self.name} was not ready after {seconds:g} seconds; {self.last_lines()}")
            await asyncio.sleep(POLL_SECONDS)

    def alive(self) -> bool:
        """Return whether the process is running (true for a suspended process, false for a zombie)."""
        if self._popen is not None:
            return self._popen.poll() is None
        if self.pid is None:
            return False
        try:
            return psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def printed(self) -> str:
        """Return the output of the process since its last start by this object."""
        try:
            with self.log.open("rb") as log:
                log.seek(self._log_start)
                return log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    def last_lines(self, count: int = 15) -> str:
        """Return the path and the last lines of the log, for an error message."""
        lines = COLOUR.sub("", self.printed()).splitlines()[-count:]
        return f"{self.log} ends with:\n" + ("\n".join(lines) or "(no output)")

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process and its descendants. Processes that have already exited are ignored."""
        if self.pid is None or not self.alive():
            return
        try:
            parent = psutil.Process(self.pid)
            processes = [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for process in processes:
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue

    async def kill(self) -> None:
        """Kill the process with SIGKILL and wait until it has exited."""
        self.send(signal.SIGKILL)
        await self._exited(KILL_SECONDS)

    async def stop(self, number: signal.Signals, *, seconds: float) -> None:
        """Stop the process with a signal, or with SIGKILL after `seconds`, and remove its pid file."""
        if self.pid is None:
            return
        if self.alive():
            psutil.Process(self.pid).send_signal(number)
            # A suspended process handles the signal only after it is resumed.
            self.send(signal.SIGCONT)
            if not await self._exited(seconds):
                await self.kill()
        self._pid_file.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Forget the process without stopping it."""
        self.pid, self._popen = None, None

    async def _exited(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > end:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True
