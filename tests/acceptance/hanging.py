"""Tests that hang; test_reaper.py and test_overdue.py run them in a process of their own. Collected only by name."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.chaos.disk import may_mount, small_disk
from tests.support.proxy import HOST, Proxy
from tests.support.registry import Registry

READY = "HANGING_RUN_READY"
"""The variable with the folder in which the tests tell how far they are."""

CATCHING_SECONDS = 4.0
"""More than the time-out of the run."""


def tell(word: str) -> None:
    """Leave a file with this name for the test outside."""
    (Path(os.environ[READY]) / word).touch()


@pytest.fixture
async def disk() -> AsyncIterator[Path | None]:
    """A mounted file system, where mounts are allowed."""
    if not may_mount():
        yield None
        return
    async with small_disk(1) as small:
        yield small.folder


@pytest.mark.parametrize("number", [1, 2])
async def test_with_servers(registry: Registry, disk: Path | None, tmp_path: Path, number: int) -> None:
    await registry.started()
    proxy = Proxy(lambda: (HOST, 1))
    await proxy.start()
    for folder in (tmp_path, disk):
        if folder is not None:
            (folder / "file").write_text("something to delete")
    tell(str(number))
    await asyncio.Event().wait()


async def waits_forever() -> None:
    """Hang."""
    await asyncio.Event().wait()


async def test_that_waits() -> None:
    try:
        await waits_forever()
    finally:
        tell("ended in order")


def catch_everything() -> None:
    """Catch every exception for a time, as the code of a transport does for a moment."""
    end = time.monotonic() + CATCHING_SECONDS
    while time.monotonic() < end:
        with suppress(BaseException):
            time.sleep(0.01)


async def test_that_catches_everything() -> None:
    catch_everything()
    await waits_forever()


def test_that_blocks() -> None:
    threading.Event().wait()


async def test_after_them() -> None:
    assert len(asyncio.all_tasks()) == 1, "the task of a test that hung is gone"
