"""The versions of migrations are known to a running process without reading files again."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.store.migrate import known_versions


def test_versions_are_known_when_the_process_is_out_of_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    known = known_versions()

    def refused(_folder: Path, _pattern: str) -> Iterator[Path]:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Path, "glob", refused)
    assert known_versions() == known
    assert known[0] == "0001"
