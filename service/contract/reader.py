"""From parsed JSON to a command of the core, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from service.contract.catalogue import COMMANDS, CommandKind
from service.contract.shape import MAX_PROBLEMS, Shape, nul_problems
from service.core.command import Body, Invalid
from service.core.problem import Problem, Problems, ordered

_KINDS: Final = {kind.name: kind for kind in COMMANDS}


class Reader:
    """How the data of one command is read.

    `model` is the whole truth and gives the JSON Schema, `build` makes the core's command of data that fits it.
    `check` finds what no model can say, given the data (a dict, perhaps not valid) and the subject.
    Where the model is a choice, `meant` says which of the `choices` the sender meant: its words explain a no.
    `immutable` names fields that null cannot clear because they never change.
    """

    __slots__ = ("accept", "build", "check", "choices", "immutable", "kind", "meant", "shape")

    def __init__(
        self,
        name: str,
        model: Any,
        build: Callable[[Any], Body],
        *,
        check: Callable[[dict[str, Any], str], list[Problem]] | None = None,
        choices: Mapping[str, Any] | None = None,
        meant: Callable[[Any], str] | None = None,
        immutable: frozenset[str] = frozenset(),
    ) -> None:
        self.kind: Final[CommandKind] = _KINDS[name]
        self.shape: Final = Shape(model, name)
        self.accept: Final = self.shape.accept
        self.build: Final = build
        self.check: Final = check
        self.choices: Final = {choice: Shape(part, name) for choice, part in (choices or {}).items()}
        self.meant: Final = meant
        self.immutable: Final = immutable

    def read(self, data: Any, subject: str, raw: bytes, problems: Sequence[Problem]) -> Body:
        """Make the core's command, or Invalid with all problems at once.

        `raw` is the JSON text that the data came from, `problems` is what was already found in the envelope.
        """
        try:
            self.accept(data)
        except ValidationError:
            return Invalid(self._explain(data, subject, raw, problems))
        # A NUL reaches a text only through this escape; looking for it here is cheaper than a pattern on each text.
        if problems or b"\\u0000" in raw or (self.check is not None and self.check(data, subject)):
            found = self._explain(data, subject, raw, problems)
            if found:
                return Invalid(found)
        return self.build(data)

    def _explain(self, data: Any, subject: str, raw: bytes, problems: Sequence[Problem]) -> Problems:
        shape = self.shape if self.meant is None else self.choices[self.meant(data)]
        found = [*problems, *(self._never_cleared(problem, data) for problem in shape.problems(data))]
        if isinstance(data, dict) and self.check is not None:
            found += self.check(data, subject)
        if b"\\u0000" in raw:
            named = {problem.path for problem in found}
            found += (problem for problem in nul_problems(data) if problem.path not in named)
        return ordered(found)[:MAX_PROBLEMS]

    def _never_cleared(self, problem: Problem, data: Any) -> Problem:
        name = problem.path[1:]
        if name in self.immutable and isinstance(data, dict) and data.get(name, "") is None:
            return Problem("immutable-field", f"{name} never changes, so it cannot be cleared.", problem.path)
        return problem
