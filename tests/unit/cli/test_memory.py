"""The allocator is configured to keep memory if it supports it."""

import ctypes

import pytest

from service.cli import memory


def test_each_option_is_set_if_the_allocator_has_mallopt(monkeypatch: pytest.MonkeyPatch) -> None:
    options: list[tuple[int, int]] = []

    class Library:
        @staticmethod
        def mallopt(name: int, value: int) -> int:
            options.append((name, value))
            return 1

    monkeypatch.setattr(ctypes, "CDLL", lambda _name: Library)
    monkeypatch.setattr("sys.platform", "linux")

    assert memory.keep_freed_memory()
    assert [name for name, _ in options] == [-1, -2]


def test_nothing_happens_without_mallopt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: object())

    assert not memory.keep_freed_memory()
