"""CPU time and memory of processes; CPU time includes all child processes, also those that ended."""

from pathlib import Path

import psutil


def cpu_seconds(pid: int) -> float:
    """Return user and system time of a process and its descendants in seconds; 0 when the process does not exist.

    The time of descendants that ended is part of their parent's time for children.
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
    """Return the memory of a process in bytes: resident, private (without shared pages such as code of libraries), and
    the peak of resident memory (0 if the system does not provide it).
    """
    memory = psutil.Process(pid).memory_full_info()
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    most = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
    return int(memory.rss), int(memory.uss), most
