"""How the process asks the system for memory."""

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD = -1, -2

KEEP_BYTES = 128 * 1024 * 1024
PAD_BYTES = 16 * 1024 * 1024


def keep_freed_memory() -> bool:
    """Let glibc keep what a batch frees for the next one; answers whether it can be told.

    By default it gives the top of the heap back and asks for it again with every batch: the pages are zeroed and
    mapped anew each time, which cost a sixth of the CPU of a busy process.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return False
    reported = mallopt(_TRIM_THRESHOLD, KEEP_BYTES), mallopt(_TOP_PAD, PAD_BYTES)
    return reported == (1, 1)
