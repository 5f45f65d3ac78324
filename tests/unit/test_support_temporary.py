"""Temporary folders are in memory, unless a variable names another place or the memory is not suitable."""

import os
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.temporary import VARIABLES, folder


@pytest.fixture(autouse=True)
def without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_memory_is_used(tmp_path: Path) -> None:
    assert folder(tmp_path, least_bytes=1) == tmp_path


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "/")
    assert folder(tmp_path, least_bytes=1) == Path(tempfile.gettempdir())


@pytest.mark.parametrize(
    ("flag", "free", "memory"),
    [(os.ST_NOEXEC, 2000, "."), (0, 999, "."), (0, 2000, "missing")],
    ids=["no programs", "too small", "missing"],
)
def test_memory_that_is_not_suitable_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: int, free: int, memory: str
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=flag, f_bavail=free, f_frsize=1))
    assert folder(tmp_path / memory, least_bytes=1000) == Path(tempfile.gettempdir())
