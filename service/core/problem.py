"""Reasons to reject a command, as values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from heapq import nsmallest
from typing import Any, Final, TypeAlias, TypeVar

from service.core.value import value

MAX_ERRORS: Final = 20
"""The number of errors that an answer reports, whatever was sent; it also has the number of the others."""

MAX_NAME: Final = 64
"""The number of characters of a name that a message repeats."""

REFERENCE_NOT_FOUND: Final = "reference-not-found"
"""The code of a reference to an entity that does not exist."""

T = TypeVar("T")


@value
class Problem:
    """One reason to reject a command.

    `code` is one of the rejection codes of the message contract. `path` is a JSON pointer into the data, or the name
    of an envelope attribute (`subject`, `expectedversion`, `type`).
    """

    code: str
    message: str
    path: str


Problems: TypeAlias = tuple[Problem, ...]


def first_problems(problems: Iterable[Problem]) -> tuple[Problems, int]:
    """Return the first problems by path (as text) and code, as in the contract, and the number of the others."""
    first, more = first_errors(problems, lambda problem: (problem.path, problem.code))
    return tuple(first), more


def first_errors(errors: Iterable[T], key: Callable[[T], Any]) -> tuple[list[T], int]:
    """Return at most MAX_ERRORS errors with the smallest keys, sorted by them, and the number of the others.

    The errors may be an iterator: no more than the first ones are in memory.
    """
    count = 0

    def counted() -> Iterator[T]:
        nonlocal count
        for error in errors:
            count += 1
            yield error

    first = nsmallest(MAX_ERRORS, counted(), key=key)
    return first, count - len(first)


def shortened(text: str, length: int = MAX_NAME) -> str:
    """Return a text that was sent, without what follows the given number of characters."""
    return text if len(text) <= length else f"{text[:length]}…"


def not_found(path: str, noun: str, identifier: str) -> Problem:
    """Return the problem of a reference to an entity that does not exist."""
    return Problem(REFERENCE_NOT_FOUND, f"There is no {noun} {identifier}.", path)


def missing_subject(noun: str, identifier: str) -> Problems:
    """Return the problem of a command whose subject does not exist."""
    return (Problem("not-found", f"There is no {noun} {identifier}.", "subject"),)


def existing_subject(noun: str, identifier: str) -> Problems:
    """Return the problem of a create whose subject already exists with different content."""
    return (Problem("already-exists", f"The {noun} {identifier} already exists with different content.", "subject"),)
