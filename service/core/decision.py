"""The registry's answer to a command, as values."""

from __future__ import annotations

from typing import Literal, TypeAlias

from service.core.event import Event
from service.core.problem import Problem, Problems
from service.core.value import value

__all__ = ["Decision", "Event", "Problem", "Problems", "Repeat", "Status"]

Status: TypeAlias = Literal["accepted", "unchanged", "rejected"]


@value
class Decision:
    """The answer to one command.

    Only an accepted command has an event, and only a rejected one has problems: the first ones, ordered by path, and
    the number of the others (`more`). `version` is the subject's version after the decision, None when the subject does
    not exist.
    """

    status: Status
    version: int | None
    event: Event | None
    problems: Problems
    more: int = 0


@value
class Repeat:
    """A duplicate of the command at index `first` of the same batch: the decision of that command applies."""

    first: int
