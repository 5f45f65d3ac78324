"""A small disk that can be filled: a tmpfs, which only root may mount."""

import asyncio
import contextlib
import errno
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from service.stack import drop_privileges, reaper

MEGABYTES = 48
CHUNK = b"\0" * 65_536


class SmallDisk:
    """A mounted disk; servers may write to `folder`."""

    def __init__(self, mount: Path) -> None:
        self.folder = mount / "data"
        self._filler = mount / "filler"

    def fill(self) -> None:
        """Use all free space."""
        with self._filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            try:
                while True:
                    file.write(CHUNK)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free(self) -> None:
        """Release the used space."""
        self._filler.unlink(missing_ok=True)


def may_mount() -> bool:
    """Whether this user may mount one."""
    mount = reaper.temporary_folder("disk")
    try:
        done = subprocess.run(_mounting(mount), capture_output=True, check=False)
        if done.returncode == 0:
            subprocess.run(["umount", str(mount)], capture_output=True, check=True)
        return done.returncode == 0
    except FileNotFoundError:
        return False
    finally:
        mount.rmdir()


@asynccontextmanager
async def small_disk(megabytes: int = MEGABYTES) -> AsyncIterator[SmallDisk]:
    """Mount a disk of this size, for as long as the block runs."""
    mount = reaper.temporary_folder("disk")
    await asyncio.to_thread(subprocess.run, _mounting(mount, megabytes), check=True)
    try:
        disk = SmallDisk(mount)
        disk.folder.mkdir(mode=0o700)
        owner = drop_privileges.owner()
        if owner is not None:
            os.chown(disk.folder, owner.pw_uid, owner.pw_gid)
        mount.chmod(0o755)
        yield disk
    finally:
        await asyncio.to_thread(subprocess.run, ["umount", "--lazy", str(mount)], check=True)
        shutil.rmtree(mount, ignore_errors=True)


def _mounting(mount: Path, megabytes: int = MEGABYTES) -> list[str]:
    return ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(mount)]
