"""Check that the state in SQL, the folded events and the model are equal, and that no work is left."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from service.contract import association as wire
from service.contract.aggregate import STATES
from tests.support.checker.event import sightings
from tests.support.checker.evidence import Answer, Database, Evidence, Violation
from tests.support.checker.model import Model

KINDS = (
    "organizations", "branches", "roles", "products", "groups", "users", "codes", "user_associations",
    "group_associations",
)  # fmt: skip
_AWAY = (503, 504)
"""Statuses that are allowed while the database is unavailable or slow."""
ASSOCIATIONS = ("groupProducerCode", "userProducerCode")
"""Fields of events that have an association of their subject."""

State = dict[str, dict[str, Any]]
"""States by id, for each kind (the name of its field in the data of events)."""


def check_state(evidence: Evidence, model: Model) -> Iterator[Violation]:
    """Compare the events, the database and the HTTP answers with the model."""
    yield from differences("events", folded(evidence), as_reported(model))
    if evidence.database is not None:
        yield from _check_database(evidence, evidence.database, model)
    yield from _check_committed(evidence)
    yield from check_answers(evidence.answers)


def folded(evidence: Evidence) -> State:
    """Return the final state as a subscriber computes it from the events."""
    states: State = {}
    for seen in sightings(evidence.events):
        data = orjson.loads(seen.value or b"")
        noun = next(iter(data))
        removed = seen.need("ce_type").endswith("-removed.v1")
        if noun in ASSOCIATIONS:
            owner = "group" if noun == "groupProducerCode" else "user"
            associations = states.setdefault(noun, {})
            associations.pop(data[noun]["id"], None) if removed else associations.update({data[noun]["id"]: data[noun]})
            states.setdefault(owner, {}).setdefault(data[noun][owner]["id"], {})
            noun, identifier = owner, data[noun][owner]["id"]
        else:
            identifier = data[noun]["id"]
            states.setdefault(noun, {})[identifier] = dict(data[noun])
        states[noun][identifier]["version"] = int(seen.need("ce_entityversion"))
    return {noun: entries for noun, entries in states.items() if entries}


def as_reported(model: Model) -> State:
    """Return the states of the model as events have them."""
    world = model.world
    associations: dict[str, dict[str, Any]] = {
        "groupProducerCode": {
            held.id: wire.group_association(held, world.codes[held.code_id].code)
            for held in world.group_associations.values()
        },
        "userProducerCode": {
            held.id: wire.user_association(held, world.codes[held.code_id].code)
            for held in world.user_associations.values()
        },
    }
    states: State = {**associations}
    for of in (
        world.organizations,
        world.branches,
        world.roles,
        world.products,
        world.groups,
        world.users,
        world.codes,
    ):
        for id_, state in of.items():
            kind = STATES[type(state)]
            states.setdefault(kind.key, {})[id_] = dict(kind.write(state))
    return {noun: entries for noun, entries in states.items() if entries}


def differences(source: str, actual: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[Violation]:
    """Compare states of each kind with those of the model."""
    for kind in sorted(actual.keys() | expected.keys()):
        here, there = actual.get(kind, {}), expected.get(kind, {})
        for id_ in sorted(here.keys() | there.keys(), key=repr):
            if here.get(id_) != there.get(id_):
                description = f"{kind} {id_} by {source}: {here.get(id_)}; by the model: {there.get(id_)}"
                yield Violation("state", description)


def _check_database(evidence: Evidence, database: Database, model: Model) -> Iterator[Violation]:
    rows = {kind: getattr(database.world, kind) for kind in KINDS}
    yield from differences("SQL", rows, {kind: getattr(model.world, kind) for kind in KINDS})
    yield from (Violation("stray row", description) for description in database.strays)
    for key in sorted(database.inbox.keys() ^ model.commands.keys()):
        yield Violation("inbox", f"{key} is {'no command' if key in database.inbox else 'missing'}")
    for key, logged in model.commands.items():
        if logged.decision is not None and database.inbox.get(key, logged.decision.status) != logged.decision.status:
            yield Violation("inbox", f"{key} is {database.inbox[key]}; by the model: {logged.decision.status}")
    if database.outbox_rows:
        yield Violation("outbox", f"{database.outbox_rows} rows remain")
    for place, end in ends(evidence).items():
        if database.marks.get(place) != end:
            yield Violation("mark", f"{place} is at {database.marks.get(place)}, the log ends at {end}")


def _check_committed(evidence: Evidence) -> Iterator[Violation]:
    if evidence.committed is None:
        return
    for place, end in ends(evidence).items():
        if evidence.committed.get(place) != end:
            yield Violation("lag", f"{place} is committed to {evidence.committed.get(place)}, the log ends at {end}")


def ends(evidence: Evidence) -> dict[tuple[str, int], int]:
    """Return the end offset of each partition of the command topics that has records."""
    after: dict[tuple[str, int], int] = {}
    for seen in evidence.commands:
        place = seen.topic, seen.partition
        after[place] = max(after.get(place, 0), seen.offset + 1)
    return after


def check_answers(answers: Sequence[Answer]) -> Iterator[Violation]:
    """Check that no reader sees a version decrease, or an error other than unavailable or too slow."""
    last: dict[tuple[str, str], int] = {}
    for answer in answers:
        if answer.status >= 500 and answer.status not in _AWAY:
            yield Violation("answer is an error", f"{answer.subject}: {answer.status}")
        if answer.version is None:
            continue
        key = answer.reader, answer.subject
        if answer.version < last.get(key, 0):
            yield Violation("answer went back", f"{answer.subject}: {last[key]}, then {answer.version}")
        last[key] = answer.version
