"""Check the state topics: compacted to the last record of each key, they have exactly the state of the registry."""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import orjson

from service.store.position import BLOCK, EPOCH
from tests.support.checker.event import in_topic_order, sightings
from tests.support.checker.evidence import Evidence, Seen, Violation
from tests.support.checker.model import Model
from tests.support.checker.state import ASSOCIATIONS, State, as_reported, differences

Key = tuple[str, bytes | None]
"""Topic and key."""


def check_state_topics(evidence: Evidence, model: Model) -> Iterator[Violation]:
    """Compare the state topics with the model, and check each record and the order of each key."""
    keys = _by_key(evidence.states)
    last = [records[-1] for records in keys.values()]
    yield from differences("the state topics", compacted(last), as_reported(model))
    for seen in sightings(evidence.states):
        yield from _one(seen)
    for (topic, key), records in keys.items():
        if len({seen.partition for seen in records}) > 1:
            yield Violation("two partitions", f"{topic} {key!r}")
        yield from check_order(records)


def unexplained_copies(states: list[Seen]) -> int:
    """Return the number of second copies, without those that a relay sends although nothing fails.

    Some seconds after a relay has taken its shards, it sends the newest record of a key again that had an older one: a
    late copy from the relay before may be behind it.
    """
    count = 0
    for records in _by_key(states).values():
        known: set[int] = set()
        again: set[int] = set()
        for seen in records:
            if seen.sequence not in known:
                known.add(seen.sequence)
            elif len(known) > 1 and seen.sequence == max(known) and seen.sequence not in again:
                again.add(seen.sequence)
            else:
                count += 1
    return count


def _by_key(states: list[Seen]) -> dict[Key, list[Seen]]:
    keys: dict[Key, list[Seen]] = defaultdict(list)
    for seen in in_topic_order(states):
        keys[seen.topic, seen.key].append(seen)
    return keys


def compacted(last: list[Seen]) -> State:
    """Return the states that a new subscriber has after it read the last record of each key."""
    states: State = {}
    for seen in last:
        if seen.value is not None:
            [noun, *_] = data = orjson.loads(seen.value)
            states.setdefault(noun, {})[data[noun]["id"]] = data[noun]
    return states


def _one(seen: Seen) -> Iterator[Violation]:
    """Check that key, subject and version of a record are those of its data."""
    type_ = seen.need("ce_type")
    if seen.value is None:
        missing = [name for name in ("ce_source", "ce_subject", "ce_entityversion") if seen.header(name) is None]
        if missing or not type_.endswith("snapshot.v1"):
            yield Violation("wrong tombstone", f"{seen.place} {type_} {seen.key!r} lacks {missing}")
        return
    data: dict[str, Any] = orjson.loads(seen.value)
    noun = next(iter(data))
    state = data[noun]
    subject, version = seen.need("ce_subject"), seen.need("ce_entityversion")
    if noun in ASSOCIATIONS:
        owner = state["group" if noun == "groupProducerCode" else "user"]["id"]
        right = owner == subject and seen.key == state["id"].encode()
    else:
        key = f"{noun}/{subject}" if ".directory." in seen.topic else subject
        right = state["id"] == subject and str(state["version"]) == version and seen.key == key.encode()
    if not right:
        yield Violation("wrong state record", f"{seen.place} {type_} {seen.key!r} {subject} {version}: {state}")


def check_order(records: list[Seen]) -> Iterator[Violation]:
    """Check the first copies of the records of a key, and that no older copy is behind the last record."""
    first = sightings(records)
    positions = [seen.sequence for seen in first]
    key = f"{records[0].topic} {records[0].key!r}"
    if positions != sorted(positions):
        yield Violation("order of states", f"{key}: positions {positions}")
    for before, after in itertools.pairwise(first):
        same_epoch = before.sequence // (BLOCK * EPOCH) == after.sequence // (BLOCK * EPOCH)
        # After a restore, a command that is decided again may write again what `resend --state` has removed.
        may_begin_again = before.value is None and before.sequence // (BLOCK * EPOCH) > 1
        if (
            same_epoch
            and not may_begin_again
            and int(before.need("ce_entityversion")) > int(after.need("ce_entityversion"))
        ):
            yield Violation("order of states", f"{key}: version back at {after.place}")
    if records[-1].sequence < max(positions):
        yield Violation("older record last", f"{key}: {records[-1].sequence} behind {max(positions)}")
