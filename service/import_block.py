"""Prevent a library from loading an optional dependency that is installed."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def block_import(name: str) -> Iterator[None]:
    """Make a module appear uninstalled inside the block. Has no effect if the module is already loaded."""
    modules: dict[str, Any] = sys.modules
    if name in modules:
        yield
        return
    # The import system treats None as "not installed".
    modules[name] = None
    try:
        yield
    finally:
        del modules[name]
