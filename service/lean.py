"""Imports that leave out what a library loads only if it happens to be installed."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(name: str) -> Iterator[None]:
    """Let a module seem not to be installed while the block imports; nothing changes when it is loaded already."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # the import system's own word for "is not there"
    try:
        yield
    finally:
        del sys.modules[name]
