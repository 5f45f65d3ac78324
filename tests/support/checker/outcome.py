"""Check outcomes: each command has one distinct outcome, each of its records one answer, in the order of the log."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from tests.support.checker.evidence import Evidence, Violation
from tests.support.checker.model import LoggedCommand, Model


def check_outcomes(evidence: Evidence, model: Model) -> Iterator[Violation]:
    """Compare the outcomes with the commands of the log and with the model."""
    by_id = {logged.outcome.id: logged for logged in model.commands.values() if logged.outcome is not None}
    for seen in model.unnamed:
        # The id still says which command it answers when its data was changed.
        if (logged := by_id.get(seen.need("ce_id"))) is None:
            yield Violation("phantom outcome", f"{seen.place} answers no command")
        else:
            logged.answers.append(seen)
    for logged in model.commands.values():
        yield from _one(logged)
    yield from _in_log_order(model, by_subject=evidence.reference_wait_seconds > 0)


def _one(logged: LoggedCommand) -> Iterator[Violation]:
    expected, answers = logged.outcome, logged.answers
    if expected is None:
        yield Violation("lost outcome", logged.description)
        return
    data = {seen.value for seen in answers}
    if len(data) > 1:
        yield Violation("two outcomes", f"{logged.description}: {sorted(data, key=repr)}")
    elif data != {expected.payload}:
        yield Violation("wrong outcome", f"{logged.description}: {data.pop()!r}; by the model: {expected.payload!r}")
    for seen in answers:
        if seen.value == expected.payload and seen.need("ce_id") != expected.id:
            yield Violation("phantom outcome", f"{seen.place} has the id {seen.need('ce_id')}, not {expected.id}")
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


def _in_log_order(model: Model, *, by_subject: bool) -> Iterator[Violation]:
    """Check that a partition, or each subject in it, is decided in order.

    Commands with copies in several partitions are not checked.
    """
    lines: dict[tuple[str, ...], list[tuple[int, LoggedCommand]]] = defaultdict(list)
    for logged in model.commands.values():
        places = {(received.record.topic, received.record.partition) for received in logged.copies}
        if len(places) == 1 and logged.answers:
            [(topic, partition)] = places
            command = logged.copies[0].command
            subject = (command.type.partition(".")[0], command.subject) if by_subject else ()
            lines[topic, str(partition), *subject].append((logged.copies[0].record.offset, logged))
    for line in lines.values():
        line.sort(key=lambda entry: entry[0])
        for (_, before), (_, after) in pairwise(line):
            if before.first > after.first:
                yield Violation("order of decisions", f"{after.description} was decided before {before.description}")
