"""Imports that leave out what a library loads only if it happens to be installed."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def block_import(name: str) -> Iterator[None]:
    """Let a module seem not to be installed while the block imports; nothing changes when it is loaded already."""
    modules: dict[str, Any] = sys.modules
    if name in modules:
        yield
        return
    # The import system's own word for "is not there".
    modules[name] = None
    try:
        yield
    finally:
        del modules[name]
