"""Reasons to reject a command, as values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from service.core.value import value


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


def ordered(problems: Iterable[Problem]) -> Problems:
    """Return the problems in the order of the contract: by path as text, then by code."""
    return tuple(sorted(problems, key=lambda problem: (problem.path, problem.code)))


def not_found(path: str, noun: str, identifier: str) -> Problem:
    """Return the problem of a reference to an entity that does not exist."""
    return Problem("reference-not-found", f"There is no {noun} {identifier}.", path)


def missing_subject(noun: str, identifier: str) -> Problems:
    """Return the problem of a command whose subject does not exist."""
    return (Problem("not-found", f"There is no {noun} {identifier}.", "subject"),)


def existing_subject(noun: str, identifier: str) -> Problems:
    """Return the problem of a create whose subject already exists with different content."""
    return (Problem("already-exists", f"The {noun} {identifier} already exists with different content.", "subject"),)
