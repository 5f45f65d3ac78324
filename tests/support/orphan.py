"""Servers whose parent is killed: what a `kill -9` of a development run leaves behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

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
    """Start a server of the stack in a parent of its own, kill that parent, and return the server's pid and address."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, module, name, str(folder)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        line = parent.stdout.readline()
        os.kill(parent.pid, signal.SIGKILL)
    pid, address = json.loads(line)
    return pid, address


def runs(pid: int) -> bool:
    """Tell whether a process runs; one that ended but was not collected by its parent does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
