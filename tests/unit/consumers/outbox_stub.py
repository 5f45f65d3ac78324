"""Messages, frames and held rows for tests of the relay's components, and stubs of the outbox and the publisher."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from consumers.relay.refusal import Refusal
from consumers.relay.report import Report
from service.contract.message import Message
from service.store.frame import Frame, frames_of, messages_of
from service.store.held_store import HeldFrame, Scope

TYPE = "producer-registry.group.created.v1"
INVALID = Refusal("record", "INVALID_RECORD")
LATE = Refusal("partition", "NOT_ENOUGH_REPLICAS")
FORBIDDEN = Refusal("topic", "TOPIC_AUTHORIZATION_FAILED")


def message(position: int, key: bytes | None = b"k", topic: str = "events", shard: int = 0) -> Message:
    """Return a message at a position."""
    return Message(f"id-{position}", "group", "g", TYPE, topic, key, b"{}", [], shard, position)


def frame(*messages: Message) -> Frame:
    """Return a frame of messages with the same shard and topic."""
    (one,) = frames_of(messages)
    return one


def damaged(one: Frame) -> Frame:
    """Return the same frame with another last byte."""
    return replace(one, value=one.value[:-1] + bytes([one.value[-1] ^ 1]))


def row(*messages: Message, scope: Scope = "key", reason: str = "INVALID_RECORD") -> HeldFrame:
    """Return a held row."""
    return HeldFrame(frame(*messages), scope, reason)


def positions(messages: Iterable[Message]) -> list[int]:
    """Return the positions of messages."""
    return [message.position for message in messages]


def contents(rows: Iterable[HeldFrame]) -> list[tuple[list[int], Scope, str]]:
    """Return the positions, the scope and the reason of held rows."""
    return [(positions(messages_of(held.frame)), held.scope, held.reason) for held in rows]


@dataclass
class StubOutbox:
    """Held rows in memory; `read` are the positions of each page, `wrote` those of each write."""

    rows: dict[int, HeldFrame] = field(default_factory=dict)
    page_rows: int = 2
    page_all: int = 100
    read: list[list[int]] = field(default_factory=list)
    wrote: list[list[int]] = field(default_factory=list)
    before_replace: Callable[[], object] = lambda: None

    def put(self, *rows: HeldFrame) -> "StubOutbox":
        """Add rows."""
        self.rows.update((held.frame.position, held) for held in rows)
        return self

    def remaining(self) -> list[tuple[list[int], Scope, str]]:
        """Return the contents of the remaining rows."""
        return contents(self.rows[position] for position in sorted(self.rows))

    async def page(self, after: Mapping[tuple[int, str], int]) -> list[HeldFrame]:
        """Return the next rows of each queue."""
        page: list[HeldFrame] = []
        for queue, position in after.items():
            alike = [h for h in self.rows.values() if (h.frame.shard, h.frame.topic) == queue]
            behind = sorted((h for h in alike if h.frame.position > position), key=lambda h: h.frame.position)
            page += behind[: self.page_rows]
        page = sorted(page, key=lambda h: h.frame.position)[: self.page_all]
        self.read.append([held.frame.position for held in page])
        return page

    async def replace(self, rows: Mapping[int, Sequence[HeldFrame]]) -> None:
        """Replace rows that still exist."""
        self.before_replace()
        self.wrote.append(sorted(rows))
        for position, remaining in rows.items():
            if self.rows.pop(position, None) is not None:
                self.put(*remaining)


@dataclass
class StubPublisher:
    """Accepts messages that `refuses` does not refuse, in order per key.

    After `away_after` messages it has an outage; after `late_after` tried messages of a call it runs out of time.
    """

    refuses: Callable[[Message], Refusal | None] = lambda _: None
    away_after: int | None = None
    late_after: int | None = None
    taken: list[int] = field(default_factory=list)
    tried: list[int] = field(default_factory=list)
    passes: int = 0
    aborted: int = 0

    def try_all(self) -> None:
        """Record the start of a pass. With stubs only, a pass never suspends."""
        self.passes += 1

    async def abort(self) -> None:
        """Count."""
        self.aborted += 1

    async def send(self, messages: Sequence[Message]) -> Report:
        """Skip messages behind a refused one of the same key, like the publisher of held messages."""
        report, stopped = Report(), set()
        for tried, one in enumerate(messages):
            if self.late_after is not None and tried >= self.late_after:
                report.error = TimeoutError("no answer in time")
                break
            if self.away_after is not None and len(self.taken) >= self.away_after:
                report.error = OSError("the broker is away")
                break
            tp = one.topic, one.key
            # Only after a refused record the rest of the key is skipped; other refusals are reported for each message.
            if tp in stopped and one.key is not None:
                continue
            self.tried.append(one.position)
            refusal = self.refuses(one)
            if refusal is not None:
                report.refused[one.position] = refusal
                if refusal.kind == "record":
                    stopped.add(tp)
            else:
                report.sent.add(one.position)
                report.accepted.add((one.topic, 0))
                self.taken.append(one.position)
        return report
