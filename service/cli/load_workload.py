"""The synthetic commands that `load` sends, and the evaluation of their answers."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.contract.sending import CommandRecord, command_event, command_record
from service.contract.topics import Topics
from service.core.ids import created_subject

SOURCE = "/producer-registry/load"
ORGANIZATIONS = 24
# The number of commands between the creation of a code and its update. It is a multiple of 2 * ORGANIZATIONS, so that
# both commands belong to the same organization.
DISTANCE = 20 * 2 * ORGANIZATIONS

_EVENT_CAUSE = "ce_causationid"
_TYPE = "ce_type"


@dataclass(frozen=True, slots=True)
class LoadWorkload:
    """The commands of one run, alternately a create and an update of a code. Each command causes one event."""

    run: str
    topics: Topics

    def directory(self) -> Iterator[CommandRecord]:
        """Yield the prerequisites: a role and the organizations. They are the same in each run."""
        yield self._sent("role.put", "load-role", "load-role", {"displayName": "Load"})
        for number in range(ORGANIZATIONS):
            name = f"load-org-{number}"
            yield self._sent("organization.put", name, name, {"displayName": f"Load agency {number}"})

    def commands(self, count: int) -> Iterator[tuple[str, CommandRecord]]:
        """Yield the given number of commands, each with its id."""
        for number in range(count):
            identity = self.identity(number)
            organization = f"load-org-{number // 2 % ORGANIZATIONS}"
            if number % 2 == 0:
                data = {
                    "code": f"LOAD-{self.run}-{number}",
                    "organization": {"id": organization},
                    "roles": [{"id": "load-role"}],
                    "description": "made by producer-registry load",
                }
                yield identity, self._sent("producer-code.create", identity, None, data)
            else:
                created = number - 1 - DISTANCE if number > DISTANCE else number - 1
                subject = created_subject(SOURCE, self.identity(created))
                change = {"description": f"changed by producer-registry load, command {number}"}
                yield identity, self._sent("producer-code.update", identity, subject, change, organization)

    def identity(self, number: int) -> str:
        """Return the id of a command. The ids of a run are consecutive."""
        return f"{self.run}-{number:010d}"

    def _sent(
        self, name: str, identity: str, subject: str | None, data: dict[str, Any], key: str | None = None
    ) -> CommandRecord:
        # Directory commands get new ids in each run: otherwise they would be duplicates.
        id_ = identity if identity.startswith(self.run) else f"{self.run}-{identity}"
        event = command_event(name, data, id=id_, source=SOURCE, subject=subject, partitionkey=key)
        return command_record(event, self.topics)


@dataclass(slots=True)
class Tally:
    """The due times of commands and their answers. All times are seconds of the same monotonic clock."""

    due: dict[str, float] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    started: float = 0.0
    last: float = 0.0

    def message(self, headers: Sequence[tuple[str, bytes | None]], now: float) -> None:
        """Count an event or outcome. Messages caused by other commands are ignored."""
        kind = cause = ""
        for name, value in headers:
            if name == _TYPE:
                kind = (value or b"").decode()
            elif name == _EVENT_CAUSE:
                cause = (value or b"").decode()
        if ".command." in kind:
            if cause in self.due:
                self.outcomes[kind.split(".")[-2]] += 1
                self.last = now
        elif cause in self.due:
            self.waits.append(now - self.due[cause])
            self.last = now

    @property
    def open(self) -> int:
        """The number of missing outcomes plus the number of missing events."""
        return 2 * len(self.due) - self.outcomes.total() - len(self.waits) - self._without_event

    @property
    def _without_event(self) -> int:
        return self.outcomes.total() - self.outcomes["accepted"]

    def summary(self) -> dict[str, Any]:
        """Return counts, the rate per second until the last answer, and percentiles of the time to an event."""
        milliseconds = sorted(1000 * wait for wait in self.waits)
        shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
        return {
            "commands": len(self.due),
            "events": len(milliseconds),
            "rate": round(len(self.due) / (self.last - self.started), 1) if self.last > self.started else 0.0,
            "outcomes": dict(sorted(self.outcomes.items())),
            "milliseconds": {
                name: round(milliseconds[max(0, math.ceil(share * len(milliseconds)) - 1)], 2)
                for name, share in shares.items()
                if milliseconds
            },
        }
