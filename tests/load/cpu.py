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


def memory_bytes(pid: int) -> tuple[int, int, int]:
    """The memory of one process in bytes: resident, of that what no other process shares (not code of libraries), and
    the most that ever was resident, 0 where the system does not tell.
    """
    memory = psutil.Process(pid).memory_full_info()
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    most = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
    return int(memory.rss), int(memory.uss), most
