"""Check dead letters: exactly the expected records were dead-lettered, unchanged."""

from collections import defaultdict
from collections.abc import Iterator

from service.contract.dead_letter import origin
from tests.support.checker.evidence import Evidence, Seen, Violation
from tests.support.checker.model import Model


def place_of(letter: Seen) -> str:
    """Return the position of the original record of a dead letter; its own position when it names none."""
    found = origin(list(letter.headers))
    return letter.place if found is None else f"{found.topic}:{found.partition}:{found.offset}"


def check_dead_letters(evidence: Evidence, model: Model) -> Iterator[Violation]:
    """Compare the dead letters with the records that were sent to be dead-lettered."""
    letters: dict[str, list[Seen]] = defaultdict(list)
    for seen in evidence.dead_letters:
        letters[place_of(seen)].append(seen)
    for place in sorted(model.dead.keys() - letters.keys()):
        yield Violation("lost dead letter", f"{place}, sent as {model.dead[place][1]}")
    for place, copies in letters.items():
        if place not in model.dead:
            found = origin(list(copies[0].headers))
            why = "" if found is None else f"{found.reason}, {found.message}"
            yield Violation("phantom dead letter", f"{copies[0].place} of {place}: {why}")
            continue
        record, reason = model.dead[place]
        for seen in copies:
            found = origin(list(seen.headers))
            assert found is not None
            if found.reason != reason:
                yield Violation("wrong dead letter", f"{seen.place} has the reason {found.reason}, sent as {reason}")
            if (seen.key, seen.value, tuple(found.headers)) != (record.key, record.value, record.headers):
                yield Violation("changed dead letter", f"{seen.place} differs from {record.place}")
