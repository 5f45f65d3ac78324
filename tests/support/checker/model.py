"""The expected result, computed by the pure core: the commands of the log, decided in the order of their outcomes.

Batches that touch the same rows exclude each other, and take their outbox positions under these locks. Therefore
decisions in the order of positions must give exactly the published messages. Another check compares this order with
the log.
"""

from dataclasses import dataclass, field

import orjson

from service.contract.envelope import parse
from service.contract.message import Message
from service.contract.record import Received, Undecodable
from service.contract.render import render
from service.contract.topics import Topics
from service.core.batch import World, decide, evolve
from service.core.decision import Decision
from tests.support.checker.evidence import MARKER, Evidence, Seen, Sent, Violation

Key = tuple[str, str, str]
"""Source, id and topic: together they identify a command."""


@dataclass(slots=True)
class LoggedCommand:
    """A command of the log: all its copies in log order, and the outcomes that name it.

    `decision` and `outcome` are those of the model; None without an outcome.
    """

    copies: list[Received] = field(default_factory=list)
    answers: list[Seen] = field(default_factory=list)
    decision: Decision | None = None
    outcome: Message | None = None

    @property
    def first(self) -> int:
        """The lowest position of its outcomes."""
        return min(seen.sequence for seen in self.answers)

    @property
    def description(self) -> str:
        """A readable description of the command."""
        command = self.copies[0].command
        places = ", ".join(f"{r.record.topic}:{r.record.partition}:{r.record.offset}" for r in self.copies)
        return f"{command.type} {command.source} {command.id} on {command.subject} ({places})"


@dataclass(slots=True)
class Model:
    """Commands by key, dead-lettered records by position, expected events by id, final state.

    `unnamed` are outcomes that name no command of the log.
    """

    commands: dict[Key, LoggedCommand] = field(default_factory=dict)
    unnamed: list[Seen] = field(default_factory=list)
    dead: dict[str, tuple[Seen, str]] = field(default_factory=dict)
    events: dict[str, Message] = field(default_factory=dict)
    world: World = field(default_factory=World)
    violations: list[Violation] = field(default_factory=list)


def replay(evidence: Evidence) -> Model:
    """Parse the commands of the log and decide them."""
    model = Model()
    read_commands(evidence, model)
    for seen in evidence.outcomes:
        logged = model.commands.get(answered(seen, evidence.topics))
        (model.unnamed if logged is None else logged.answers).append(seen)
    decided = sorted((logged for logged in model.commands.values() if logged.answers), key=lambda logged: logged.first)
    for logged in decided:
        received = logged.copies[0]
        logged.decision = decide(received.command, model.world)
        *events, logged.outcome = render(received, logged.decision, logged.first, "", evidence.topics)
        for event in events:
            model.events[event.id] = event
        if logged.decision.event is not None:
            evolve(model.world, logged.decision.event)
    return model


def answered(seen: Seen, topics: Topics) -> Key:
    """Return the command that an outcome names; an empty key when it names none."""
    data = orjson.loads(seen.value or b"null")
    try:
        command, code = data["command"], data.get("problem", {}).get("code")
        own = topics.for_command[command["type"]]
        # An outcome does not name the topic of its command: it is that of the type unless it was the wrong one.
        other = topics.commands if own == topics.operator_commands else topics.operator_commands
        return command["source"], command["id"], other if code == "wrong-topic" else own
    except (KeyError, TypeError):
        return "", "", ""


def read_commands(evidence: Evidence, model: Model) -> None:
    """Add the commands of the log, and the records that are to be dead-lettered, to the model."""
    log = sorted(evidence.commands, key=lambda seen: (seen.topic, seen.partition, seen.offset))
    ledger: dict[str, Sent] = {entry.marker: entry for entry in evidence.sent}
    writes = {(write.source, write.key) for write in evidence.writes}
    for seen, parsed in zip(log, parse(log, evidence.topics, evidence.limits), strict=True):
        sent = ledger.get(seen.header(MARKER) or "")
        if sent is None and (seen.header("ce_source"), seen.header("ce_id")) in writes:
            sent = Sent("", seen.topic, seen.key, seen.value, seen.headers, description="HTTP")
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
        model.commands.setdefault(key, LoggedCommand()).copies.append(parsed)
