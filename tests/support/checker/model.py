"""What should have happened, by the pure core: the commands of the log, decided in the order their outcomes claim.

Batches that touch the same rows exclude each other, and take their positions in the outbox while they do; so deciding
in the order of positions must give exactly what was published. That this order agrees with the log is checked apart.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from service.contract.envelope import parse
from service.contract.message import Message
from service.contract.record import Received, Undecodable
from service.contract.render import render
from service.core.batch import World, decide, evolve
from service.core.decision import Decision
from service.core.ids import outcome_id
from tests.support.checker.evidence import MARKER, Evidence, Seen, Sent, Violation

Key = tuple[str, str, str]
"""Source, id and topic: together they make a command itself."""


@dataclass(slots=True)
class Told:
    """A command of the log: all its copies in log order, and its decision by the model (None without an outcome)."""

    outcome: str
    copies: list[Received]
    decision: Decision | None = None

    @property
    def words(self) -> str:
        """Which command, for people."""
        command = self.copies[0].command
        places = ", ".join(f"{r.record.topic}:{r.record.partition}:{r.record.offset}" for r in self.copies)
        return f"{command.type} {command.source} {command.id} on {command.subject} ({places})"


@dataclass(slots=True)
class Model:
    """Commands by key and by outcome id, dead records by place, expected messages by id, and the world at the end."""

    reported: dict[Key, Told] = field(default_factory=dict)
    by_outcome: dict[str, Told] = field(default_factory=dict)
    dead: dict[str, tuple[Seen, str]] = field(default_factory=dict)
    events: dict[str, Message] = field(default_factory=dict)
    outcomes: dict[str, bytes] = field(default_factory=dict)
    world: World = field(default_factory=World)
    violations: list[Violation] = field(default_factory=list)


def first_sequences(outcomes: Iterable[Seen]) -> dict[str, int]:
    """The least position of each outcome id."""
    first: dict[str, int] = {}
    for seen in outcomes:
        identifier = seen.need("ce_id")
        first[identifier] = min(seen.sequence, first.get(identifier, seen.sequence))
    return first


def replay(evidence: Evidence) -> Model:
    """Read the log and decide it."""
    model = Model()
    _read(evidence, model)
    first = first_sequences(evidence.outcomes)
    decided = sorted(
        (reported for reported in model.reported.values() if reported.outcome in first), key=lambda t: first[t.outcome]
    )
    for reported in decided:
        received = reported.copies[0]
        reported.decision = decide(received.command, model.world)
        *events, outcome = render(received, reported.decision, first[reported.outcome], "", evidence.topics)
        model.outcomes[reported.outcome] = outcome.payload or b""
        for event in events:
            model.events[event.id] = event
        if reported.decision.event is not None:
            evolve(model.world, reported.decision.event)
    return model


def _read(evidence: Evidence, model: Model) -> None:
    log = sorted(evidence.commands, key=lambda seen: (seen.topic, seen.partition, seen.offset))
    ledger: dict[str, Sent] = {sent.marker: sent for sent in evidence.sent}
    for seen, parsed in zip(log, parse(log, evidence.topics, evidence.limits), strict=True):
        planted = ledger.get(seen.header(MARKER) or "")
        if planted is None:
            model.violations.append(Violation("unknown record", f"{seen.place} is not in the ledger"))
            continue
        if planted.dead is not None:
            if planted.dead != "failed" and (not isinstance(parsed, Undecodable) or parsed.reason != planted.dead):
                words = f"{seen.place} ({planted.words}) was planted as {planted.dead}, read as {parsed}"
                model.violations.append(Violation("misread", words))
            model.dead[seen.place] = seen, planted.dead
            continue
        if isinstance(parsed, Undecodable):
            words = f"{seen.place} ({planted.words}) is a command, read as {parsed.reason}: {parsed.message}"
            model.violations.append(Violation("misread", words))
            continue
        command = parsed.command
        key = command.source, command.id, command.topic
        reported = model.reported.get(key)
        if reported is None:
            reported = Told(outcome_id(command.topic, command.source, command.id), [])
            model.reported[key] = model.by_outcome[reported.outcome] = reported
        reported.copies.append(parsed)
