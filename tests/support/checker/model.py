"""The expected result, computed by the pure core: the commands of the log, decided in the order of their outcomes.

Batches that touch the same rows exclude each other, and take their outbox positions under these locks. Therefore
decisions in the order of positions must give exactly the published messages. Another check compares this order with
the log.
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
"""Source, id and topic: together they identify a command."""


@dataclass(slots=True)
class LoggedCommand:
    """A command of the log: all its copies in log order, and the model's decision (None without an outcome)."""

    outcome: str
    copies: list[Received]
    decision: Decision | None = None

    @property
    def description(self) -> str:
        """A readable description of the command."""
        command = self.copies[0].command
        places = ", ".join(f"{r.record.topic}:{r.record.partition}:{r.record.offset}" for r in self.copies)
        return f"{command.type} {command.source} {command.id} on {command.subject} ({places})"


@dataclass(slots=True)
class Model:
    """Commands by key and outcome id, dead-lettered records by position, expected messages by id, final state."""

    commands: dict[Key, LoggedCommand] = field(default_factory=dict)
    by_outcome: dict[str, LoggedCommand] = field(default_factory=dict)
    dead: dict[str, tuple[Seen, str]] = field(default_factory=dict)
    events: dict[str, Message] = field(default_factory=dict)
    outcomes: dict[str, bytes] = field(default_factory=dict)
    world: World = field(default_factory=World)
    violations: list[Violation] = field(default_factory=list)


def first_sequences(outcomes: Iterable[Seen]) -> dict[str, int]:
    """Return the lowest position of each outcome id."""
    first: dict[str, int] = {}
    for seen in outcomes:
        identifier = seen.need("ce_id")
        first[identifier] = min(seen.sequence, first.get(identifier, seen.sequence))
    return first


def replay(evidence: Evidence) -> Model:
    """Parse the commands of the log and decide them."""
    model = Model()
    _read(evidence, model)
    first = first_sequences(evidence.outcomes)
    decided = sorted(
        (logged for logged in model.commands.values() if logged.outcome in first), key=lambda t: first[t.outcome]
    )
    for logged in decided:
        received = logged.copies[0]
        logged.decision = decide(received.command, model.world)
        *events, outcome = render(received, logged.decision, first[logged.outcome], "", evidence.topics)
        model.outcomes[logged.outcome] = outcome.payload or b""
        for event in events:
            model.events[event.id] = event
        if logged.decision.event is not None:
            evolve(model.world, logged.decision.event)
    return model


def _read(evidence: Evidence, model: Model) -> None:
    log = sorted(evidence.commands, key=lambda seen: (seen.topic, seen.partition, seen.offset))
    ledger: dict[str, Sent] = {entry.marker: entry for entry in evidence.sent}
    for seen, parsed in zip(log, parse(log, evidence.topics, evidence.limits), strict=True):
        sent = ledger.get(seen.header(MARKER) or "")
        if sent is None:
            model.violations.append(Violation("unknown record", f"{seen.place} is not in the ledger"))
            continue
        if sent.dead is not None:
            if sent.dead != "failed" and (not isinstance(parsed, Undecodable) or parsed.reason != sent.dead):
                description = f"{seen.place} ({sent.description}) was sent as {sent.dead}, parsed as {parsed}"
                model.violations.append(Violation("misread", description))
            model.dead[seen.place] = seen, sent.dead
            continue
        if isinstance(parsed, Undecodable):
            description = f"{seen.place} ({sent.description}) is a command, parsed as {parsed.reason}: {parsed.message}"
            model.violations.append(Violation("misread", description))
            continue
        command = parsed.command
        key = command.source, command.id, command.topic
        logged = model.commands.get(key)
        if logged is None:
            logged = LoggedCommand(outcome_id(command.topic, command.source, command.id), [])
            model.commands[key] = model.by_outcome[logged.outcome] = logged
        logged.copies.append(parsed)
