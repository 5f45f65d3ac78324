"""Conversion of parsed JSON to a command of the core, or to a list of all problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from pydantic import ValidationError

from service.contract.catalogue import COMMANDS, CommandKind
from service.contract.shape import Shape, nul_problems
from service.core.command import Body, Invalid
from service.core.problem import Problem, first_errors, first_problems

_KINDS: Final = {kind.name: kind for kind in COMMANDS}


class Reader:
    """The reader of the data of one command type.

    `model` defines the valid data and the JSON Schema, `build` converts valid data to the core's command.
    `check` finds problems that a model cannot express, given the data (a dict, possibly invalid) and the subject.
    If the model is a union, `intended` selects which of the `choices` is used to explain problems.
    `immutable` names fields that null cannot clear because they never change.
    """

    __slots__ = ("accept", "build", "check", "choices", "immutable", "intended", "kind", "shape")

    def __init__(
        self,
        name: str,
        model: Any,
        build: Callable[[Any], Body],
        *,
        check: Callable[[dict[str, Any], str], list[Problem]] | None = None,
        choices: Mapping[str, Any] | None = None,
        intended: Callable[[Any], str] | None = None,
        immutable: frozenset[str] = frozenset(),
    ) -> None:
        self.kind: Final[CommandKind] = _KINDS[name]
        self.shape: Final = Shape(model, name)
        self.accept: Final = self.shape.accept
        self.build: Final = build
        self.check: Final = check
        self.choices: Final = {choice: Shape(part, name) for choice, part in (choices or {}).items()}
        self.intended: Final = intended
        self.immutable: Final = immutable

    def read(self, data: Any, subject: str, raw: bytes, problems: Sequence[Problem]) -> Body:
        """Return the core's command, or Invalid with the problems.

        `raw` is the JSON text of the data, `problems` are the problems already found in the envelope.
        """
        try:
            self.accept(data)
        except ValidationError:
            return self._explain(data, subject, raw, problems)
        # A string can only contain NUL through this escape; one search is cheaper than a pattern for each string.
        if problems or b"\\u0000" in raw or (self.check is not None and self.check(data, subject)):
            explained = self._explain(data, subject, raw, problems)
            if explained.problems:
                return explained
        return self.build(data)

    def _explain(self, data: Any, subject: str, raw: bytes, problems: Sequence[Problem]) -> Invalid:
        shape = self.shape if self.intended is None else self.choices[self.intended(data)]
        violations = shape.violations(data)
        # Messages are made only for the violations that may be reported.
        first, more = first_errors(violations, key=itemgetter(0, 1))
        found = [*problems, *(self._as_immutable(shape.problem(violation), data) for violation in first)]
        if isinstance(data, dict) and self.check is not None:
            found += self.check(data, subject)
        if b"\\u0000" in raw:
            known_paths = {problem.path for problem in found} | {violation.path for violation in violations}
            first_nul, others = first_problems(nul_problems(data, known_paths))
            found += first_nul
            more += others
        reported, others = first_problems(found)
        return Invalid(reported, more + others)

    def _as_immutable(self, problem: Problem, data: Any) -> Problem:
        name = problem.path[1:]
        if name in self.immutable and isinstance(data, dict) and data.get(name, "") is None:
            return Problem("immutable-field", f"{name} cannot change, so it cannot be cleared.", problem.path)
        return problem


@dataclass(frozen=True, slots=True)
class Replacement:
    """A merge patch that replaces the whole state: the reader of its data, and what is cleared if it is absent."""

    reader: Reader
    cleared: tuple[str, ...]

    def complete(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the data with null for each attribute that it lacks and that has a default."""
        return {**dict.fromkeys(self.cleared), **data}
