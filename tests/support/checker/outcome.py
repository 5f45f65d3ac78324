"""Check outcomes: each command has one distinct outcome, each of its records one answer, in the order of the log."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from tests.support.checker.evidence import Evidence, Seen, Violation
from tests.support.checker.model import LoggedCommand, Model, first_sequences


def check_outcomes(evidence: Evidence, model: Model) -> Iterator[Violation]:
    """Compare the outcomes with the commands of the log and with the model."""
    answers: dict[str, list[Seen]] = defaultdict(list)
    for seen in evidence.outcomes:
        answers[seen.need("ce_id")].append(seen)
    for identifier in sorted(answers.keys() - model.by_outcome.keys()):
        yield Violation("phantom outcome", f"{answers[identifier][0].place} answers no command")
    for identifier, logged in model.by_outcome.items():
        yield from _one(logged, answers.get(identifier, []), model.outcomes.get(identifier))
    yield from _in_log_order(evidence, model)


def _one(logged: LoggedCommand, answers: list[Seen], expected: bytes | None) -> Iterator[Violation]:
    if not answers:
        yield Violation("lost outcome", logged.description)
        return
    data = {seen.value for seen in answers}
    if len(data) > 1:
        yield Violation("two outcomes", f"{logged.description}: {sorted(data, key=repr)}")
    elif data != {expected}:
        yield Violation("wrong outcome", f"{logged.description}: {data.pop()!r}; by the model: {expected!r}")
    distinct = {seen.sequence for seen in answers}
    if len(distinct) != len(logged.copies):
        description = (
            f"{logged.description}: {len(logged.copies)} records, {len(distinct)} answers at {sorted(distinct)}"
        )
        yield Violation("lost answer" if len(distinct) < len(logged.copies) else "decided again", description)
    keys = {received.record.key for received in logged.copies}
    for seen in answers:
        if seen.key not in keys:
            yield Violation("wrong key", f"{seen.place} has the key {seen.key!r}, its command {keys}")


def _in_log_order(evidence: Evidence, model: Model) -> Iterator[Violation]:
    """Check that a partition is decided in order. Commands with copies in several partitions are not checked."""
    first = first_sequences(evidence.outcomes)
    lines: dict[tuple[str, int], list[tuple[int, LoggedCommand]]] = defaultdict(list)
    for logged in model.commands.values():
        places = {(received.record.topic, received.record.partition) for received in logged.copies}
        if len(places) == 1 and logged.outcome in first:
            lines[places.pop()].append((logged.copies[0].record.offset, logged))
    for line in lines.values():
        line.sort(key=lambda entry: entry[0])
        for (_, before), (_, after) in pairwise(line):
            if first[before.outcome] > first[after.outcome]:
                yield Violation("order of decisions", f"{after.description} was decided before {before.description}")
