"""A seeded history of records of every kind, as several senders publish them to the command topics.

There are several worlds of three organizations each. The keys are the ids of the organizations, so the histories of
different keys are independent. Some commands concern groups of the foundation under other keys and on the operator
topic, so that several partitions decide about the same aggregate.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from service.contract.topics import Topics
from tests.support import history
from tests.support.checker.evidence import Sent
from tests.support.command_draw import OFFICES, ORGANIZATIONS, PRODUCTS, ROLES
from tests.support.poison import any_poison
from tests.support.wire import Writer


@dataclass(frozen=True, slots=True)
class Shares:
    """The probability of each special case, per record."""

    contested: float = 0.15
    poisoned: float = 0.02
    structured: float = 0.15
    strange_headers: float = 0.1
    early: float = 0.0


class Workload:
    """Creates the records of one run; the same seed gives the same records."""

    def __init__(self, seed: int, topics: Topics, *, worlds: int = 2, shares: Shares | None = None) -> None:
        self.random = Random(seed)
        self.shares = shares or Shares()
        self.worlds = range(worlds)
        self.topics = topics
        self._parts = 0
        self._contested = 0
        self._early = 0

    def setup(self) -> list[list[Sent]]:
        """Return two steps; the second is sent when the first is decided."""
        writer = Writer("setup", self.topics)
        histories = [[_moved(command, world) for command in history.foundation()] for world in self.worlds]
        # All worlds have the same roles, branches and products: one world sends them.
        first = [command for command in histories[0] if command["topic"] == "operator"]
        first += [command for world in histories[1:] for command in world if command["type"] == "organization.put"]
        then = [command for world in histories for command in world if command["topic"] != "operator"]
        return [[writer.command(command) for command in step] for step in (first, then)]

    def lines(self, commands: int) -> list[list[Sent]]:
        """Return the next records of each sender in order, one sender per world, about `commands` records in total."""
        self._parts += 1
        return [self._line(world, commands // len(self.worlds)) for world in self.worlds]

    def _line(self, world: int, commands: int) -> list[Sent]:
        name = f"{self._parts}.{world}"
        writer = Writer(f"sender-{name}", self.topics)
        command = [_moved(one, world) for one in history.history(self.random, commands, run=f"{name}-")]
        places = sorted(self.random.randrange(commands) for _ in range(int(commands * self.shares.contested)))
        contested: list[history.Sent] = []
        for place in reversed(places):
            contested.append(self._contest(world, contested))
            command.insert(place, contested[-1])
        for _ in range(int(commands * self.shares.early)):
            self._insert_early(command, world)
        return [sent for one in command for sent in self._records(writer, one)]

    def _insert_early(self, line: list[history.Sent], world: int) -> None:
        """Insert an association of a code that is created later, mostly by a command of another partition."""
        random = self.random
        organization = _name(random.choice(ORGANIZATIONS), world)
        self._early += 1
        code, group = f"{organization}-early-{self._early}", f"{organization}-group-selling"
        roles = [{"id": role} for role in ROLES[:2]]
        created = {"code": f"early-{self._early}", "organization": {"id": organization}, "roles": roles}
        place = random.randint(0, len(line))
        add = self._early_command("group.add-producer-code", group, {"producerCode": {"id": code}}, organization)
        line.insert(place, add)
        create = self._early_command("producer-code.create", code, created, f"any-{random.randrange(9)}")
        line.insert(random.randint(place + 1, min(len(line), place + 40)), create)

    def _early_command(self, kind: str, subject: str, data: dict[str, Any], key: str) -> history.Sent:
        return {
            "topic": "commands",
            "source": "/early",
            "id": f"{kind}-{self._early}",
            "type": kind,
            "subject": subject,
            "expectedversion": None,
            "data": data,
            "key": key,
        }

    def _records(self, writer: Writer, command: history.Sent) -> Sequence[Sent]:
        shares, chance = self.shares, self.random.random
        more = (("trace", b"\xff\x00"), ("nothing", None)) if chance() < shares.strange_headers else ()
        sent = writer.command(command, structured=chance() < shares.structured, more=more)
        if chance() < shares.poisoned:
            return any_poison(self.random, writer, sent.topic, command["key"]), sent
        return (sent,)

    def _contest(self, world: int, earlier: list[history.Sent]) -> history.Sent:
        """Return a command for an entity of the foundation under any key, so that another partition may decide it."""
        random = self.random
        if earlier and random.random() < 0.2:
            again: history.Sent = json.loads(json.dumps(random.choice(earlier)))
            again["key"] = random.choice([again["key"], f"any-{random.randrange(9)}"])
            return again
        organization = _name(random.choice(ORGANIZATIONS), world)
        group, code = f"{organization}-group-selling", f"{organization}-code-fixed"
        choices: list[tuple[str, str, dict[str, Any]]] = [
            ("group.update", group, {"type": "office", "value": random.choice(OFFICES) | {"line2": _text(random)}}),
            ("group.add-producer-code", group, {"producerCode": {"id": code}}),
            ("group.remove-producer-code", group, {"producerCode": {"id": code}}),
            ("group.grant-product", group, {"product_id": random.choice(PRODUCTS)}),
            ("group.revoke-product", group, {"product_id": random.choice(PRODUCTS)}),
            ("producer-code.update", code, {"description": _text(random)}),
            ("role.put", random.choice(ROLES), {"displayName": _text(random)}),
        ]
        kind, subject, data = random.choice(choices)
        self._contested += 1
        operator = kind in ("group.grant-product", "group.revoke-product", "role.put")
        return {
            "topic": "operator" if operator else "commands",
            "source": "/contest",
            "id": f"c{self._contested}",
            "type": kind,
            "subject": subject,
            "expectedversion": None,
            "data": data,
            "key": random.choice([organization, subject, f"any-{random.randrange(9)}"]),
        }


def _text(random: Random) -> str:
    return f"text {random.randrange(10**6)}"


def _name(organization: str, world: int) -> str:
    return organization if world == 0 else f"{organization}{world}"


def _moved(command: history.Sent, world: int) -> history.Sent:
    """Return the same command in another world: every id contains the name of the organization."""
    text = json.dumps(command)
    for organization in ORGANIZATIONS:
        text = text.replace(organization, _name(organization, world))
    moved: history.Sent = json.loads(text)
    if world and moved["id"].startswith("foundation"):
        moved["id"] += f"-w{world}"
    return moved
