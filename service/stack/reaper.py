"""The reaper of a process: it ends what the process started and deletes its temporary folders, however the owner ends.

The reaper is a process of its own in a session of its own. It waits for the end of a pipe whose other end its owner
alone holds: the kernel closes that end when the owner is gone, after a SIGKILL too. Whatever the owner starts inherits
a mark in its environment, and so does what that starts in turn; the reaper finds them by the mark. So no process is
missed between its start and a report of it, and no process id is trusted that may belong to another process by now.
"""

import atexit
import functools
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

PREFIX = "PRODUCER_REGISTRY_REAPER_"
GRACE_SECONDS = 20.0
KILL_SECONDS = 10.0
REMOVE_SECONDS = 10.0
POLL_SECONDS = 0.05
# PostgreSQL waits for its clients after SIGTERM, not after SIGINT; a suspended process takes neither before SIGCONT.
POLITE = (signal.SIGTERM, signal.SIGINT, signal.SIGCONT)


class Reaper:
    """The owner's side: `mark` is a variable's name in the environment, `root` holds the temporary folders."""

    def __init__(self) -> None:
        self.mark = PREFIX + secrets.token_hex(8)
        self.root = Path(tempfile.gettempdir()).resolve() / f"producer-registry-{secrets.token_hex(4)}"
        # Without the marks of outer owners: their reapers must not end this one, which has folders to delete.
        bare = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self._popen = subprocess.Popen(
            [sys.executable, "-P", __file__, self.mark, str(self.root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=bare,
            start_new_session=True,
        )
        os.environ[self.mark] = "1"
        # A server that is not root passes through to its own folder.
        self.root.mkdir(mode=0o711)
        atexit.register(self.close)

    def close(self) -> None:
        """End what is left, and wait until that is done."""
        if self._popen.stdin is not None:
            self._popen.stdin.close()
        self._popen.wait()


@functools.cache
def attach() -> Reaper:
    """Return the reaper of this process; the first call starts it."""
    return Reaper()


def temporary_folder(name: str) -> Path:
    """Make a temporary folder that is deleted at the end of this process at the latest."""
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=attach().root))


def at_work(mark: str) -> bool:
    """Tell whether the reaper of this mark still runs."""
    return any(mark in _command(process) for process in psutil.process_iter())


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _marked(mark: str) -> list[psutil.Process]:
    """Find every living process with the mark, in the environment or as PostgreSQL's name of the cluster.

    The environment of a process of another user can be closed to root in a container; its command line never is.
    """
    found = []
    for process in psutil.process_iter():
        try:
            has_mark = mark in process.environ()
        except psutil.Error:
            has_mark = False
        if has_mark or f"cluster_name={mark}" in _command(process):
            found.append(process)
    return found


def _parent(process: psutil.Process) -> psutil.Process | None:
    try:
        return process.parent()
    except psutil.Error:
        return None


def _send(process: psutil.Process, *numbers: signal.Signals) -> None:
    try:
        for number in numbers:
            process.send_signal(number)
    except psutil.Error:
        # It is gone already.
        return


def _end_all(mark: str) -> None:
    """End every process with the mark: politely from the top, with SIGKILL when the time is over."""
    start, asked = time.monotonic(), set[psutil.Process]()
    while left := _marked(mark):
        passed = time.monotonic() - start
        if passed > GRACE_SECONDS + KILL_SECONDS:
            return
        for process in left:
            if passed > GRACE_SECONDS:
                _send(process, signal.SIGKILL)
            # Children are left to a parent that lives: a server ends its own in the right order.
            elif process not in asked and _parent(process) not in left:
                asked.add(process)
                _send(process, *POLITE)
        time.sleep(POLL_SECONDS)


def _remove(root: Path) -> None:
    """Delete the folder, with file systems that are mounted in it let go before."""
    mounts = [disk.mountpoint for disk in psutil.disk_partitions(all=True) if root in Path(disk.mountpoint).parents]
    for mount in mounts:
        subprocess.run(["umount", "--lazy", mount], check=False)  # noqa: S607 - where it lies differs
    end = time.monotonic() + REMOVE_SECONDS
    while root.exists() and time.monotonic() < end:
        shutil.rmtree(root, ignore_errors=True)
        time.sleep(POLL_SECONDS if root.exists() else 0)


def main() -> None:
    """Wait for the end of the owner, then clean up after it; no signal but SIGKILL ends this sooner."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    mark, root = sys.argv[1:]
    sys.stdin.buffer.read()
    _end_all(mark)
    _remove(Path(root))


if __name__ == "__main__":
    main()
