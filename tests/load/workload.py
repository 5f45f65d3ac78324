"""The commands of a benchmark: 40 % create a code, 40 % update one, 20 % add one to a group or user; ~365 bytes each.

The key of a command is its organization, so a code is created before it is added. Ids are UUIDv7, which increase with
time, as recommended to senders. The same seed gives the same commands.
"""

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson

from service.contract.catalogue import wire_type
from service.contract.time_ordered_id import uuid7
from service.core.ids import created_subject
from tests.load import people

START_MS = 1_790_000_000_000
"""The time in the id of the first command of a run, milliseconds since 1970."""

SOURCE = "/bench/agency-system"


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of adverse properties of a load (0 to 1 each), all 0 for the friendly load.

    `repeated`: sent twice; `rejected`: violate a rule; `hot`: additionally belong to one organization; `dated`: share
    of updates that change a date, which is copied to every association of the code; `big_group`: share of associations
    with one group; `padding`: additional bytes of a body.
    """

    repeated: float = 0.0
    rejected: float = 0.0
    hot: float = 0.0
    dated: float = 0.1
    big_group: float = 0.0
    padding: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """A record for the command topic, in binary content mode."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


@dataclass(slots=True)
class Workload:
    """An endless stream of commands for a database with `codes` codes."""

    codes: int
    seed: int = 1
    mix: Mix = field(default_factory=Mix)
    source: str = SOURCE
    _random: random.Random = field(init=False)
    _number: int = 0
    _created: dict[int, list[str]] = field(default_factory=dict)
    _given: set[tuple[str, str]] = field(default_factory=set)
    _recent: deque[Sent] = field(default_factory=lambda: deque(maxlen=5_000))

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def take(self, count: int) -> Iterator[Sent]:
        """Yield the next `count` commands."""
        for _ in range(count):
            yield self._next()

    def _next(self) -> Sent:
        mix, chance = self.mix, self._random.random
        if self._recent and chance() < mix.repeated:
            return self._random.choice(self._recent)
        organization = 0 if chance() < mix.hot else self._random.randrange(people.ORGANIZATIONS)
        if chance() < mix.rejected:
            sent = self._rejected(organization)
        else:
            kind = chance()
            if kind < 0.4:
                sent = self._create(organization)
            elif kind < 0.8:
                sent = self._update(organization)
            else:
                sent = self._associate(organization)
        if mix.repeated:
            self._recent.append(sent)
        return sent

    def _create(self, organization: int) -> Sent:
        identity = self._identity()
        self._created.setdefault(organization, []).append(created_subject(self.source, identity))
        roles = [{"id": people.role(n)} for n in self._random.sample(range(people.ROLES), 2)]
        # Roles are a set: a long list of the same two roles is the longest valid body.
        roles *= 1 + self.mix.padding // 44
        data: dict[str, object] = {
            "code": f"N{self.seed}-{self._number:08d}",
            "organization": {"id": people.organization(organization)},
            "roles": roles,
            "branch": {"id": people.branch(self._random.randrange(people.BRANCHES))},
        }
        return self._sent("producer-code.create", organization, identity, None, data)

    def _update(self, organization: int) -> Sent:
        number = self._random.randrange(self.codes // people.ORGANIZATIONS) * people.ORGANIZATIONS + organization
        data: dict[str, object] = {"description": f"Renewed for the agency's new territory, file {self._number:08d}"}
        if self._random.random() < self.mix.dated:
            data["appointmentDate"] = f"20{self._random.randrange(10, 26)}-{self._random.randrange(1, 13):02d}-15"
        sent = self._sent("producer-code.update", organization, self._identity(), people.code_id(number), data)
        return sent if not self.mix.padding else _padded(sent, self.mix.padding)

    def _associate(self, organization: int) -> Sent:
        created = self._created.get(organization)
        if not created:
            return self._create(organization)
        code = self._random.choice(created)
        if self._random.random() < self.mix.big_group:
            noun, owner = "group", people.BIG_GROUP
        elif self._random.random() < 0.5:
            noun, owner = "group", people.group(self._of(organization, people.GROUPS))
        else:
            noun, owner = "user", people.user(self._of(organization, people.USERS))
        if (owner, code) in self._given:
            return self._create(organization)
        self._given.add((owner, code))
        sent = self._sent(
            f"{noun}.add-producer-code", organization, self._identity(), owner, {"producerCode": {"id": code}}
        )
        return sent if not self.mix.padding else _padded(sent, self.mix.padding)

    def _rejected(self, organization: int) -> Sent:
        identity = self._identity()
        missing = f"missing-{self._number}"
        match self._random.randrange(4):
            case 0:
                return self._sent("producer-code.update", organization, identity, missing, {"description": "nobody's"})
            case 1:
                data: dict[str, object] = {"code": f"R-{self._number}", "organization": {"id": missing}, "roles": []}
            case 2:
                taken = people.code_string(self._of(organization, self.codes))
                owner = {"id": people.organization(organization)}
                data = {"code": taken, "organization": owner, "roles": [{"id": people.role(0)}]}
            case _:
                data = {"code": 7, "colour": "blue"}
        return self._sent("producer-code.create", organization, identity, None, data)

    def _of(self, organization: int, count: int) -> int:
        return self._random.randrange(count // people.ORGANIZATIONS) * people.ORGANIZATIONS + organization

    def _identity(self) -> str:
        self._number += 1
        return str(uuid7(START_MS + self._number // 8, self._random.getrandbits(74)))

    def _sent(self, name: str, organization: int, identity: str, subject: str | None, data: dict[str, object]) -> Sent:
        headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", identity.encode()),
            ("ce_source", self.source.encode()),
            ("ce_type", wire_type(name).encode()),
            ("ce_time", b"2026-11-22T09:00:00Z"),
            ("ce_correlationid", b"renewals-2026-11-22-01"),
            ("content-type", b"application/json"),
        ]
        if subject is not None:
            headers.append(("ce_subject", subject.encode()))
        return Sent(people.organization(organization).encode(), orjson.dumps(data), headers)


def _padded(sent: Sent, padding: int) -> Sent:
    return Sent(sent.key, sent.value[:-1] + b" " * padding + b"}", sent.headers)
