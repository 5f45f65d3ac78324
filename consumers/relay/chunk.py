"""A chunk of outbox frames that a relay publishes: which messages were sent, which are held, which remain to send."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from consumers.relay.chunk_holds import ChunkHolds
from consumers.relay.held_keys import HeldKeys, Queue
from consumers.relay.refusal import Refusal
from service.contract.message import Message
from service.store.frame import Frame, FrameCorrupt, frames_of, messages_of
from service.store.held_store import HeldFrame

Sent = set[tuple[int, str]]
"""Position and id of sent messages. The id is needed because a restored database may reassign a position."""


@dataclass(slots=True)
class OutboxChanges:
    """The rows to write: positions of `done` frames to delete, `held` frames, and frames with the unsent `rest`."""

    done: list[int] = field(default_factory=list)
    held: list[HeldFrame] = field(default_factory=list)
    rest: list[Frame] = field(default_factory=list)
    sent: Sent = field(default_factory=set)
    """Messages that need not be remembered as sent after the write."""


class Chunk:
    """Frames of this relay's shards, in order. `sent` has the messages sent before, and is extended.

    A frame that cannot be read has no messages here, and is held unchanged.
    """

    def __init__(self, frames: Iterable[Frame], sent: Sent) -> None:
        self._sent = sent
        self._holds = ChunkHolds()
        self._frames: list[tuple[Frame, list[Message]]] = []
        for frame in frames:
            messages: list[Message] = []
            try:
                messages = messages_of(frame)
            except FrameCorrupt as error:
                self._holds.quarantine(frame, error)
            self._frames.append((frame, messages))

    def __bool__(self) -> bool:
        return bool(self._frames)

    @property
    def corrupt(self) -> Iterable[HeldFrame]:
        """Frames that cannot be read."""
        return self._holds.corrupt

    def waiting(self, held: HeldKeys) -> list[Message]:
        """Return the messages to send now, in order. Messages behind held ones, also of this chunk, become held."""
        if held or self._holds:
            self._holds.extend(self._frames, held, self._sent)
        return [message for _, messages in self._frames for message in self._rest(messages)]

    def _rest(self, messages: Sequence[Message]) -> list[Message]:
        sent, held = self._sent, self._holds.positions
        return [m for m in messages if (m.position, m.id) not in sent and m.position not in held]

    def _has_held(self, messages: Sequence[Message]) -> bool:
        held = self._holds.positions
        return any(message.position in held for message in messages)

    def take(self, sent: Collection[int], refused: Mapping[int, Refusal]) -> None:
        """Record which messages were sent and which were refused, by position."""
        self._sent.update((m.position, m.id) for _, messages in self._frames for m in messages if m.position in sent)
        self._holds.refuse(refused)

    def take_settled(self, *, whole: bool = False) -> OutboxChanges:
        """Remove the frames with no message left to send, or all frames when the `whole` chunk is abandoned.

        A frame with held messages stays behind a frame of its queue that stays: a retry of its messages could overtake
        messages of the same key that are held in the other frame.
        """
        if whole and self._holds:
            # Messages behind a refused one are held with it: what stays in the outbox is published later.
            self._holds.extend(self._frames, HeldKeys(), self._sent)
        changes = OutboxChanges()
        remaining: list[tuple[Frame, list[Message]]] = []
        waiting: set[Queue] = set()
        for frame, messages in self._frames:
            rest = self._rest(messages)
            queue = frame.shard, frame.topic
            if not whole and (rest or (queue in waiting and self._has_held(messages))):
                remaining.append((frame, messages))
                waiting.add(queue)
            elif len(rest) < len(messages) or not messages:
                changes.done.append(frame.position)
                changes.rest += frames_of(rest)
                changes.held += self._holds.take(frame, messages)
                changes.sent.update((m.position, m.id) for m in messages)
        self._frames = remaining
        return changes
