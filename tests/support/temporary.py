"""The folder for temporary files of a test run: in memory, if the machine has enough of it.

A database consists of about 300 files. A test with a database creates and deletes them. That takes ten times as long
on ext4, because it searches for inodes that were not deleted a short time ago.
"""

import os
import tempfile
from pathlib import Path

import psutil

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # the mount point, not a file with a known name
LEAST_BYTES = 4 * 1024**3
VARIABLES = ("TMPDIR", "TEMP", "TMP")


def folder(memory: Path = SHARED_MEMORY, least_bytes: int = LEAST_BYTES) -> Path:
    """Return a file system in memory, or what `tempfile` returns.

    The latter if one of its variables names a folder, and if `memory` does not have `least_bytes` that are free or does
    not allow programs: tests write programs of their own.
    """
    usual = Path(tempfile.gettempdir())
    if any(map(os.environ.get, VARIABLES)) or not os.access(memory, os.W_OK | os.X_OK):
        return usual
    found = os.statvfs(memory)
    free = min(found.f_bavail * found.f_frsize, psutil.virtual_memory().available)
    return usual if found.f_flag & os.ST_NOEXEC or free < least_bytes else memory
