"""CPU time by whole process families: a server with all it started, those that have ended meanwhile included."""

from pathlib import Path

import psutil


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and everything under it since their starts, in seconds; 0 when it is gone.

    What ended and was waited for stands in its parent's times of children.
    """
    try:
        top = psutil.Process(pid)
        family = [top, *top.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    total = 0.0
    for process in family:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def memory_bytes(pid: int) -> tuple[int, int]:
    """The resident memory of one process, and how much of it no other process shares (not code of libraries), bytes."""
    memory = psutil.Process(pid).memory_full_info()
    return int(memory.rss), int(memory.uss)


def peak_bytes(pid: int) -> int:
    """The most memory that one process ever had resident, bytes; 0 where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
