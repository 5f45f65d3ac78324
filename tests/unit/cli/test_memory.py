"""The allocator is told to keep memory where it can be told."""

import ctypes

import pytest

from service.cli import memory


def test_each_option_is_set_when_the_allocator_has_mallopt(monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[tuple[int, int]] = []

    class Library:
        @staticmethod
        def mallopt(name: int, value: int) -> int:
            reported.append((name, value))
            return 1

    monkeypatch.setattr(ctypes, "CDLL", lambda _name: Library)
    monkeypatch.setattr("sys.platform", "linux")

    assert memory.keep_freed_memory()
    assert [name for name, _ in reported] == [-1, -2]


def test_nothing_happens_when_the_allocator_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: object())

    assert not memory.keep_freed_memory()
