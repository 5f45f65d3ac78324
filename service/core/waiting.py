"""Commands that wait for their references, and the commands of the same subjects behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import field
from typing import Any, Final, NamedTuple, TypeAlias

from service.core.batch import decide, outcome
from service.core.command import Command, Invalid
from service.core.decision import Decision, Repeat
from service.core.needs import needs
from service.core.problem import REFERENCE_NOT_FOUND
from service.core.value import value
from service.core.world import World, evolve

Identity: TypeAlias = tuple[str, str, str]
"""Source, id and topic of a command."""

_KINDS: Final = (
    ("organization", "organizations"),
    ("branch", "branches"),
    ("role", "roles"),
    ("product", "products"),
    ("group", "groups"),
    ("user", "users"),
    ("producer-code", "codes"),
)
"""The nouns of the objects that a command can refer to, each with its field of World and Needs."""


class Reference(NamedTuple):
    """An object by its noun, as in the types of commands, and its id."""

    kind: str
    id: str


@value
class Wait:
    """The answer to a command that waits with the others of this subject, in their order.

    `reference` is one of its missing references; None if it waits behind another command.
    """

    subject: Reference
    reference: Reference | None


@value
class Waiting:
    """What waits already: subjects with waiting commands, and for the identity of a waiting command its subject."""

    subjects: Set[Reference] = frozenset()
    identities: Mapping[Identity, Reference] = field(default_factory=dict)


def decide_or_wait(
    commands: Sequence[Command], world: World, waiting: Waiting, may_wait: Sequence[bool]
) -> tuple[list[Decision | Repeat | Wait], World]:
    """Decide the commands in order, as `decide_batch` does, except those that wait; they change nothing.

    A command waits if it `may_wait` and its references are its only problem. The later commands of its subject, and
    duplicates of waiting commands, wait behind it.
    """
    after = world.copy()
    answers: list[Decision | Repeat | Wait] = []
    first_index: dict[Identity, int] = {}
    subjects = set(waiting.subjects)
    for index, command in enumerate(commands):
        identity = command.source, command.id, command.topic
        first = first_index.setdefault(identity, index)
        if first != index:
            earlier = answers[first]
            answers.append(Wait(earlier.subject, None) if isinstance(earlier, Wait) else Repeat(first))
            continue
        subject = subject_of(command)
        behind = waiting.identities.get(identity, subject if subject in subjects else None)
        if behind is not None:
            answers.append(Wait(behind, None))
            continue
        decision = decide(command, after)
        reference = missing_reference(command, decision, after) if may_wait[index] else None
        if reference is not None:
            subjects.add(subject)
            answers.append(Wait(subject, reference))
            continue
        if decision.event is not None:
            evolve(after, decision.event)
        answers.append(decision)
    return answers, after


def subject_of(command: Command) -> Reference:
    """Return the subject of a command."""
    return Reference(command.type.partition(".")[0], command.subject)


def missing_reference(command: Command, decision: Decision, world: World) -> Reference | None:
    """Return the first missing reference of a command if it is rejected for nothing else, otherwise None."""
    problems = decision.problems
    if not problems or any(problem.code != REFERENCE_NOT_FOUND for problem in problems):
        return None
    if decision.more and not _has_only_missing_references(command, world):
        return None
    subject = subject_of(command)
    return next((reference for reference in _missing(command, world) if reference != subject), None)


def _has_only_missing_references(command: Command, world: World) -> bool:
    # The decision has the first problems only.
    if isinstance(command.body, Invalid):
        return False
    problems = outcome(command.body, command.subject, world)
    return isinstance(problems, tuple) and all(problem.code == REFERENCE_NOT_FOUND for problem in problems)


def _missing(command: Command, world: World) -> Iterator[Reference]:
    needed = needs([command])
    for kind, name in _KINDS:
        for id_ in sorted(getattr(needed, name) - _states(world, name).keys()):
            yield Reference(kind, id_)


def created(before: World, after: World) -> frozenset[Reference]:
    """Return the objects that are in the second world and not in the first."""
    return frozenset(
        Reference(kind, id_)
        for kind, name in _KINDS
        for id_ in _states(after, name).keys() - _states(before, name).keys()
    )


def _states(world: World, name: str) -> dict[str, Any]:
    states: dict[str, Any] = getattr(world, name)
    return states


class Split(NamedTuple):
    """The waits by the index of their command, and the other answers in order, with new indices in repeats."""

    waits: dict[int, Wait]
    answers: list[Decision | Repeat]


def split(answers: Sequence[Decision | Repeat | Wait]) -> Split:
    """Separate the commands that wait from the decided ones."""
    waits: dict[int, Wait] = {}
    decided: list[Decision | Repeat] = []
    place: dict[int, int] = {}
    for index, answer in enumerate(answers):
        if isinstance(answer, Wait):
            waits[index] = answer
            continue
        place[index] = len(decided)
        decided.append(Repeat(place[answer.first]) if isinstance(answer, Repeat) else answer)
    return Split(waits, decided)
