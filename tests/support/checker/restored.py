"""Check what is published across the loss of transactions: a restore from a dump, or a standby that was promoted.

Messages of the lost database stay in the topics. The other checks see only the messages that the last database knows.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

import orjson

from service.store.position import BLOCK, EPOCH
from tests.support.checker.event import in_topic_order
from tests.support.checker.evidence import Database, Evidence, Seen, Violation
from tests.support.checker.model import Model, answered, read_commands
from tests.support.checker.state import ASSOCIATIONS, State, as_reported, differences

Content = tuple[str | None, str | None, str | None, bytes | None]


def epoch_of(seen: Seen) -> int:
    """Return the epoch of a message."""
    return seen.sequence // (BLOCK * EPOCH)


def is_snapshot(seen: Seen) -> bool:
    """Return whether a message is a snapshot."""
    return seen.need("ce_type").endswith("snapshot.v1")


def check_published(evidence: Evidence) -> Iterator[Violation]:
    """Check all messages, also the lost ones: positions rise per subject, and an id belongs to one content."""
    subjects: dict[tuple[str, bytes | None], set[int]] = defaultdict(set)
    for seen in in_topic_order(evidence.events):
        earlier = subjects[seen.topic, seen.key]
        if seen.sequence not in earlier and seen.sequence < max(earlier, default=0):
            yield Violation("sequence went back", f"{seen.place} {seen.key!r}: {seen.sequence} after {max(earlier)}")
        earlier.add(seen.sequence)
    contents: dict[str, Content] = {}
    for seen in chain(evidence.events, evidence.outcomes, evidence.states):
        content = seen.header("ce_type"), seen.header("ce_subject"), seen.header("ce_entityversion"), seen.value
        if contents.setdefault(seen.need("ce_id"), content) != content:
            yield Violation("shared id", f"{seen.place}: {content}, and {contents[seen.need('ce_id')]}")


def surviving(evidence: Evidence, restored: Database) -> Evidence:
    """Return the evidence without the messages that only the lost database knew, and without snapshots.

    Of the answers to one command, the first ones survive: as many as it has records before the restored marks.
    """
    model = Model()
    read_commands(evidence, model)
    last = max(map(epoch_of, evidence.outcomes))
    answers: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for seen in evidence.outcomes:
        if epoch_of(seen) < last:
            answers[answered(seen, evidence.topics)].add(seen.sequence)
    kept: set[int] = set()
    for key, positions in answers.items():
        copies = model.commands[key].copies if key in restored.inbox else []
        decided = [c for c in copies if c.record.offset < restored.marks.get((c.record.topic, c.record.partition), 0)]
        kept.update(sorted(positions)[: len(decided)])
    outcomes = [seen for seen in evidence.outcomes if epoch_of(seen) == last or seen.sequence in kept]
    known = {(id_, epoch_of(seen)) for seen in outcomes for id_ in orjson.loads(seen.value or b"")["events"]}
    events = [
        seen
        for seen in evidence.events
        if not is_snapshot(seen) and (epoch_of(seen) == last or (seen.need("ce_id"), epoch_of(seen)) in known)
    ]
    return replace(evidence, outcomes=outcomes, events=events)


def check_subscriber(evidence: Evidence, model: Model) -> Iterator[Violation]:
    """Check that a subscriber which follows the contract has the state of the registry after `resend`."""
    yield from differences("a subscriber", _subscribed(evidence), as_reported(model))


def _subscribed(evidence: Evidence) -> State:
    """Apply each event with a higher sequence than the last one; at the end only the last epoch counts."""
    applied: dict[tuple[str, bytes | None], int] = {}
    states: dict[tuple[str, str], tuple[int, dict[str, Any] | None]] = {}
    for seen in in_topic_order(evidence.events):
        data = orjson.loads(seen.value or b"")
        noun = next(iter(data))
        owner = {"groupProducerCode": "group", "userProducerCode": "user"}.get(noun, noun)
        if seen.sequence <= applied.get((owner, seen.key), 0):
            continue
        applied[owner, seen.key] = seen.sequence
        removed = seen.need("ce_type").endswith("-removed.v1")
        states[noun, data[noun]["id"]] = epoch_of(seen), None if removed else dict(data[noun])
        if noun in ASSOCIATIONS:
            epoch, state = states[owner, seen.need("ce_subject")]
            assert state is not None
            states[owner, seen.need("ce_subject")] = epoch, state | {"version": int(seen.need("ce_entityversion"))}
    last = max((epoch for epoch, _ in states.values()), default=0)
    current: State = {}
    for (noun, id_), (epoch, state) in states.items():
        if state is not None and epoch == last:
            current.setdefault(noun, {})[id_] = state
    return current
