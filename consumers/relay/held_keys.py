"""The keys with held messages: later messages with these keys have to wait."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from consumers.relay.refusal import InvalidRecordError, Refusal
from service.contract.message import Message
from service.store.frame import Frame, FrameCorrupt, messages_of
from service.store.held_store import CORRUPT, HeldFrame, Scope

_T = TypeVar("_T")

BEHIND = "behind a corrupt frame"
"""The reason of messages that are held because they are behind a frame that cannot be read."""

MOST_KEYS = 10_000
"""When a queue holds this many keys, the whole queue waits. This limits memory."""

Queue = tuple[int, str]
"""A shard and a topic: messages of one queue are held and released in order."""


class HeldKeys:
    """The held messages of this relay's shards, by topic and key, in step with the table of held frames.

    A message without a key holds only itself. When a whole topic is refused, or keys cannot be read, the whole queue
    waits.
    """

    def __init__(self) -> None:
        self._all: Counter[Queue] = Counter()
        self._corrupt: Counter[Queue] = Counter()
        self._keys: dict[Queue, Counter[bytes]] = {}
        # Positions of frames whose keys are not stored, because the queue has too many.
        self._wide: set[int] = set()
        self._messages: Counter[Queue] = Counter()
        self._reasons: dict[Queue, str] = {}
        # Topics that do not accept records without a key.
        self._keyless: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._messages)

    def blocks(self, message: Message) -> bool:
        """Return whether a message has to wait behind held ones."""
        if not self._messages:
            return False
        queue = message.shard, message.topic
        if queue in self._all:
            return True
        if message.key is None:
            return message.topic in self._keyless
        return message.key in self._keys.get(queue, ())

    def hold_for(self, queue: Queue) -> tuple[Scope, str]:
        """Return the scope and the reason of the hold of a blocked message in this queue."""
        if queue in self._corrupt:
            return "topic", BEHIND
        reason = self._reasons.get(queue, InvalidRecordError.message)
        return "topic" if queue in self._all else "key", reason

    def add(self, held: HeldFrame) -> None:
        """Record a held frame."""
        self._count(held, 1)

    def remove(self, held: HeldFrame) -> None:
        """Remove a held frame: its messages were released, or are held in another frame."""
        self._count(held, -1)

    def load(self, frames: Iterable[HeldFrame]) -> None:
        """Replace all entries by these frames of the table."""
        for counter in (self._all, self._corrupt, self._keys, self._wide, self._messages, self._reasons):
            counter.clear()
        for held in frames:
            self.add(held)

    def queues(self) -> dict[Queue, int]:
        """Return every queue with held messages, each with a position before all of them."""
        return dict.fromkeys(self._messages, -1)

    def learn_keyless(self, messages: Iterable[Message], sent: Collection[int], refused: Mapping[int, Refusal]) -> None:
        """Learn from the results of messages whether their topic accepts records without a key."""
        for message in messages:
            if message.key is None:
                refusal = refused.get(message.position)
                if message.position in sent:
                    self._keyless.discard(message.topic)
                elif refusal is not None and refusal.reason == InvalidRecordError.message:
                    self._keyless.add(message.topic)

    def by_topic(self) -> dict[str, tuple[int, str]]:
        """Return the number of held messages of each topic, and the reason."""
        topics: dict[str, tuple[int, str]] = {}
        for (shard, topic), count in self._messages.items():
            topics[topic] = topics.get(topic, (0, ""))[0] + count, self._reasons[shard, topic]
        return topics

    def _count(self, held: HeldFrame, sign: int) -> None:
        frame = held.frame
        queue = frame.shard, frame.topic
        self._reasons.setdefault(queue, held.reason)
        if held.reason.startswith(CORRUPT):
            _add(self._corrupt, queue, sign)
        keys = None if held.scope == "topic" or self._is_wide(frame, sign) else keys_of(frame)
        if keys is None:
            _add(self._all, queue, sign * frame.messages)
        elif keys:
            counts = self._keys.setdefault(queue, Counter())
            for key in keys:
                _add(counts, key, sign)
            if not counts:
                del self._keys[queue]
        _add(self._messages, queue, sign * frame.messages)
        if queue not in self._messages:
            del self._reasons[queue]

    def _is_wide(self, frame: Frame, sign: int) -> bool:
        if sign > 0 and len(self._keys.get((frame.shard, frame.topic), ())) >= MOST_KEYS:
            self._wide.add(frame.position)
            return True
        if sign < 0 and frame.position in self._wide:
            self._wide.remove(frame.position)
            return True
        return False


def keys_of(frame: Frame) -> list[bytes] | None:
    """Return the key of each message that has one; None when the frame cannot be read."""
    try:
        return [message.key for message in messages_of(frame) if message.key is not None]
    except FrameCorrupt:
        return None


def _add(counts: "Counter[_T]", of: _T, count: int) -> None:
    counts[of] += count
    if not counts[of]:
        del counts[of]
