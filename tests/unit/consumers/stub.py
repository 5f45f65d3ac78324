"""Stubs for tests of batches: records, a store with defined errors, and a settlement that records its calls."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from consumers.backoff import Backoff
from consumers.health import Health
from consumers.reading.batch import BATCHES, Batches
from consumers.reading.batch_metrics import BatchMetrics
from consumers.reading.dead_letter_limit import DeadLetterLimit
from consumers.shutdown import Shutdown
from service.contract.envelope import Parsed, Received, Record, Undecodable
from service.core.command import Command, Invalid
from service.store.command_store import Applied

TOPIC = "registry.commands.v1"


@dataclass(frozen=True)
class StubRecord:
    """A record; the value b"bad" is not a command."""

    offset: int
    partition: int = 0
    value: bytes | None = b"good"
    topic: str = TOPIC
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()


def parse(records: Sequence[Record]) -> list[Parsed]:
    """Parse records by their value."""
    return [
        Undecodable(record, "not-json", "bad")
        if record.value == b"bad"
        else Received(record, Command(TOPIC, "test", str(record.offset), "group.create", "g", None, Invalid(())))
        for record in records
    ]


@dataclass
class StubStore:
    """Raises the error that `trouble` returns for a batch, else stores the batch."""

    trouble: Callable[[Sequence[Parsed]], Exception | None] = lambda _: None
    calls: list[list[int]] = field(default_factory=list)
    stored: list[Parsed] = field(default_factory=list)
    marks: dict[TopicPartition, int] = field(default_factory=dict)

    async def apply(self, batch: Sequence[Parsed], after: Mapping[TopicPartition, int]) -> Applied:
        """Store a whole batch or nothing."""
        self.calls.append([parsed.record.offset for parsed in batch])
        error = self.trouble(batch)
        if error is not None:
            raise error
        self.stored += batch
        self.marks.update(after)
        return Applied([], len(batch), 0, 0, 0)


@dataclass
class StubSettling:
    """Records settled and rewound offsets, in order."""

    settled: list[dict[tuple[str, int], int]] = field(default_factory=list)
    rewound: list[dict[tuple[str, int], int]] = field(default_factory=list)

    def settle(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Remember."""
        self.settled.append({(tp.topic, tp.partition): offset for tp, offset in offsets.items()})

    def rewind(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Remember."""
        self.rewound.append({(tp.topic, tp.partition): offset for tp, offset in offsets.items()})


class Bench:
    """A `Batches` with stubs."""

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
            metrics=BatchMetrics(["seen"]),
            health=self.health,
            shutdown=self.shutdown,
            backoff=self.backoff,
            chance=lambda: 0.0,
        )

    @property
    def dead(self) -> dict[int, str]:
        """The offset and reason of each stored dead letter."""
        return {p.record.offset: p.reason for p in self.store.stored if isinstance(p, Undecodable)}

    @property
    def decided(self) -> list[int]:
        """The offsets of stored commands, in order."""
        return [p.record.offset for p in self.store.stored if isinstance(p, Received)]


def first_times(errors: Iterator[Exception]) -> Callable[[Sequence[Parsed]], Exception | None]:
    """Return a function that raises these errors at the first calls."""
    return lambda _: next(errors, None)
