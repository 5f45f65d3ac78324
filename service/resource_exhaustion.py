"""Errors caused by exhausted resources. They are temporary and not a defect."""

# Host names are resolved and files are read in threads. Python has no separate class for the failure to start one.
_NO_THREAD = "can't start new thread"


def is_resource_exhaustion(error: BaseException) -> bool:
    """Return whether the error was caused by a lack of memory, file descriptors, threads or similar resources."""
    return isinstance(error, MemoryError | OSError) or (isinstance(error, RuntimeError) and _NO_THREAD in str(error))
