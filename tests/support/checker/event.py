"""Check events: none is missing, none lacks a command, each equals the model's, and versions have no gap."""

from collections import defaultdict
from collections.abc import Iterator

from tests.support.checker.evidence import Evidence, Seen, Violation
from tests.support.checker.model import Model


def in_topic_order(records: list[Seen]) -> list[Seen]:
    """Sort records by topic, partition and offset."""
    return sorted(records, key=lambda seen: (seen.topic, seen.partition, seen.offset))


def sightings(records: list[Seen]) -> list[Seen]:
    """Return the first record of each id, in topic order."""
    first: dict[str, Seen] = {}
    for seen in in_topic_order(records):
        first.setdefault(seen.need("ce_id"), seen)
    return list(first.values())


def check_events(evidence: Evidence, model: Model) -> Iterator[Violation]:
    """Compare the event topics with the model, and check the order of each subject."""
    copies: dict[str, list[Seen]] = defaultdict(list)
    for seen in evidence.events:
        copies[seen.need("ce_id")].append(seen)
    for identifier in sorted(model.events.keys() - copies.keys()):
        yield Violation("lost event", repr(model.events[identifier]))
    for identifier, records in copies.items():
        expected = model.events.get(identifier)
        if expected is None:
            yield Violation("phantom event", f"{records[0].place} {records[0].header('ce_type')} {records[0].key!r}")
            continue
        for seen in records:
            found = seen.topic, seen.key, seen.value, seen.header("ce_type"), seen.header("ce_subject")
            if found != (expected.topic, expected.key, expected.payload, expected.type, expected.aggregateid):
                yield Violation("wrong event", f"{seen.place}: {found}; by the model: {expected} {expected.payload!r}")
        if len({seen.sequence for seen in records}) > 1:
            yield Violation("event written twice", f"{expected} at {sorted(seen.sequence for seen in records)}")
    yield from _in_order(evidence)


def _in_order(evidence: Evidence) -> Iterator[Violation]:
    subjects: dict[tuple[str, bytes | None], list[Seen]] = defaultdict(list)
    for seen in sightings(evidence.events):
        subjects[seen.topic, seen.key].append(seen)
    for (topic, key), records in subjects.items():
        if len({seen.partition for seen in records}) > 1:
            yield Violation("two partitions", f"{topic} {key!r}")
        # Subjects of different kinds may have the same id; each has its own versions.
        kinds: dict[str, list[Seen]] = defaultdict(list)
        for seen in records:
            kinds[seen.need("ce_type").split(".")[1]].append(seen)
        for kind, line in kinds.items():
            versions = [int(seen.need("ce_entityversion")) for seen in line]
            if versions != sorted(versions):
                yield Violation("order of events", f"{kind} {key!r}: versions {versions}")
            elif versions != list(range(1, len(versions) + 1)):
                yield Violation("gap", f"{kind} {key!r}: versions {versions}")
            positions = [seen.sequence for seen in line]
            if positions != sorted(positions):
                yield Violation("order of events", f"{kind} {key!r}: positions {positions}")
