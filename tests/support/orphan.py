"""Servers whose parent and its reaper are killed: what `kill -9` of both leaves behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from service.stack import reaper

PARENT = """
import asyncio, importlib, json, pathlib, sys, time
module, name, folder = sys.argv[1:]
server = getattr(importlib.import_module(module), name)(pathlib.Path(folder))
async def main():
    await server.start()
    child = server.nodes[0] if hasattr(server, "nodes") else server.child
    print(json.dumps([child.pid, server.address]), flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def leave_behind(module: str, name: str, folder: Path) -> tuple[int, str]:
    """Start a server in its own parent, kill that and its reaper, and return the server's pid and address."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, module, name, str(folder)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        line = parent.stdout.readline()
        reaper_of(parent.pid).kill()
        os.kill(parent.pid, signal.SIGKILL)
    pid, address = json.loads(line)
    return pid, address


def reaper_of(pid: int) -> psutil.Process:
    """Return the reaper of a process."""
    [found] = [child for child in psutil.Process(pid).children() if reaper.__file__ in child.cmdline()]
    return found


def of_folder(folder: Path) -> list[psutil.Process]:
    """Every living process that was started with a folder below this one for temporary files, or names it."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [process.environ().get("TMPDIR", ""), *process.cmdline()]
        except psutil.Error:
            continue
        if any(str(folder) in word for word in words):
            found.append(process)
    return found


def runs(pid: int) -> bool:
    """Tell whether a process runs; one that ended but was not collected by its parent does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
