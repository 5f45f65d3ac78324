"""What a process or its machine ran out of: no defect, and may be there again in a moment."""

# Host names are looked up and files are read in threads; Python has no error class of its own for having none left.
_NO_THREAD = "can't start new thread"


def is_resource_exhaustion(error: BaseException) -> bool:
    """Whether memory, descriptors, threads or the like were missing."""
    return isinstance(error, MemoryError | OSError) or (isinstance(error, RuntimeError) and _NO_THREAD in str(error))
