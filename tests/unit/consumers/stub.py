"""Stand-ins for what a batch works with: records, a store that does as it is told, a consumer that remembers."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from consumers.backoff import Backoff
from consumers.health import Health
from consumers.reading.batch import BATCHES, Batches
from consumers.reading.dead_letter_limit import DeadLetterLimit
from consumers.shutdown import Shutdown
from service.contract.envelope import Parsed, Received, Record, Undecodable
from service.core.command import Command, Invalid
from service.store.command_store import Applied

TOPIC = "registry.commands.v1"


@dataclass(frozen=True)
class StubRecord:
    """A record; `value` b"bad" is none of ours."""

    offset: int
    partition: int = 0
    value: bytes | None = b"good"
    topic: str = TOPIC
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()


def parse(records: Sequence[Record]) -> list[Parsed]:
    """Judge records by their value."""
    return [
        Undecodable(record, "not-json", "bad")
        if record.value == b"bad"
        else Received(record, Command(TOPIC, "test", str(record.offset), "group.create", "g", None, Invalid(())))
        for record in records
    ]


@dataclass
class StubStore:
    """Raises what `trouble` says for a batch, else keeps it."""

    trouble: Callable[[Sequence[Parsed]], Exception | None] = lambda _: None
    calls: list[list[int]] = field(default_factory=list)
    kept: list[Parsed] = field(default_factory=list)

    async def apply(self, batch: Sequence[Parsed]) -> Applied:
        """Take a batch whole or not at all."""
        self.calls.append([parsed.record.offset for parsed in batch])
        error = self.trouble(batch)
        if error is not None:
            raise error
        self.kept += batch
        return Applied([], len(batch), 0, 0, 0)


@dataclass
class StubSettling:
    """Remembers what was settled and rewound, in order."""

    settled: list[dict[tuple[str, int], int]] = field(default_factory=list)
    rewound: list[dict[tuple[str, int], int]] = field(default_factory=list)

    def settle(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Remember."""
        self.settled.append({(tp.topic, tp.partition): offset for tp, offset in offsets.items()})

    def rewind(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Remember."""
        self.rewound.append({(tp.topic, tp.partition): offset for tp, offset in offsets.items()})


class Bench:
    """A `Batches` over stubs."""

    def __init__(self, store: StubStore, window: int = 1000, minimum: int = 200) -> None:
        self.store = store
        self.settling = StubSettling()
        self.shutdown = Shutdown(asyncio.Event())
        self.health = Health([BATCHES])
        self.backoff = Backoff(first=0.0)
        self.batches = Batches(
            parse,
            store.apply,
            self.settling,
            limit=DeadLetterLimit(window, minimum),
            health=self.health,
            shutdown=self.shutdown,
            backoff=self.backoff,
            chance=lambda: 0.0,
        )

    @property
    def dead(self) -> dict[int, str]:
        """Offset and reason of the dead letters that were kept."""
        return {p.record.offset: p.reason for p in self.store.kept if isinstance(p, Undecodable)}

    @property
    def decided(self) -> list[int]:
        """Offsets of the commands that were kept, in order."""
        return [p.record.offset for p in self.store.kept if isinstance(p, Received)]


def first_times(errors: Iterator[Exception]) -> Callable[[Sequence[Parsed]], Exception | None]:
    """Trouble at the first calls, whatever they carry."""
    return lambda _: next(errors, None)
