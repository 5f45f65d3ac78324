"""The messages of a chunk to hold back: refused ones, and later messages with the same key."""

from collections.abc import Container, Iterable, Mapping, Sequence, Set

from consumers.relay.held_keys import BEHIND, HeldKeys, Queue
from consumers.relay.refusal import Refusal
from service.contract.message import Message
from service.store.frame import Frame, FrameCorrupt, frames_of
from service.store.held_store import CORRUPT, HeldFrame, Scope

Hold = tuple[Scope, str]
"""The scope and the reason of a hold."""

FrameMessages = tuple[Frame, Sequence[Message]]


class ChunkHolds:
    """Messages to hold back, by position, and frames that cannot be read, until they are written to the database."""

    def __init__(self) -> None:
        self._holds: dict[int, Hold] = {}
        self._corrupt: dict[int, HeldFrame] = {}

    def __bool__(self) -> bool:
        return bool(self._holds or self._corrupt)

    @property
    def positions(self) -> Set[int]:
        """The positions of the messages to hold back; a lookup in them costs no call per message."""
        return self._holds.keys()

    @property
    def corrupt(self) -> Iterable[HeldFrame]:
        """Frames that cannot be read."""
        return self._corrupt.values()

    def quarantine(self, frame: Frame, error: FrameCorrupt) -> None:
        """Hold a frame that cannot be read, unchanged."""
        self._corrupt[frame.position] = HeldFrame(frame, "topic", f"{CORRUPT}: {error}")

    def refuse(self, refused: Mapping[int, Refusal]) -> None:
        """Hold messages that the broker refused, by position."""
        for position, refusal in refused.items():
            self._holds[position] = "topic" if refusal.kind == "topic" else "key", refusal.reason

    def extend(self, frames: Iterable[FrameMessages], held: HeldKeys, sent: Container[tuple[int, str]]) -> None:
        """Hold unsent messages that are behind messages `held` already, or behind a hold within these frames."""
        queues: dict[Queue, Hold] = {}
        keys: dict[tuple[Queue, bytes | None], Hold] = {}
        for frame, messages in frames:
            queue = frame.shard, frame.topic
            if frame.position in self._corrupt:
                queues[queue] = "topic", BEHIND
            for message in messages:
                if (message.position, message.id) in sent:
                    continue
                hold = self._holds.get(message.position) or queues.get(queue) or keys.get((queue, message.key))
                if hold is None and held.blocks(message):
                    hold = held.hold_for(queue)
                if hold is None:
                    continue
                self._holds[message.position] = hold
                if hold[0] == "topic":
                    queues[queue] = hold
                elif message.key is not None:
                    keys[queue, message.key] = hold

    def take(self, frame: Frame, messages: Sequence[Message]) -> Iterable[HeldFrame]:
        """Remove the held messages of a frame, and yield them as rows of held frames."""
        if (corrupt := self._corrupt.pop(frame.position, None)) is not None:
            yield corrupt
        alike: dict[Hold, list[Message]] = {}
        for message in messages if self._holds else ():
            hold = self._holds.pop(message.position, None)
            if hold is not None:
                alike.setdefault(hold, []).append(message)
        for (scope, reason), group in alike.items():
            for held in frames_of(group):
                yield HeldFrame(held, scope, reason)
