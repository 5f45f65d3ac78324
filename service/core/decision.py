"""What the registry answers to a command, as values."""

from __future__ import annotations

from typing import Literal, TypeAlias

from service.core.event import Event
from service.core.problem import Problem, Problems
from service.core.value import value

__all__ = ["Decision", "Event", "Problem", "Problems", "Repeat", "Status"]

Status: TypeAlias = Literal["accepted", "unchanged", "rejected"]


@value
class Decision:
    """The answer to one command: an event exactly when accepted, problems (ordered by path) exactly when rejected.

    `version` is the subject's version after the decision, None when there is no such subject.
    """

    status: Status
    version: int | None
    event: Event | None
    problems: Problems


@value
class Repeat:
    """The same command stood earlier in the batch, at index `first`: its decision answers this one too."""

    first: int
