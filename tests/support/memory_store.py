"""A store in memory with the contract of `CommandStore.apply`."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType

from service.contract.envelope import Received, Undecodable
from service.contract.message import Message
from service.core.batch import decide_batch
from service.core.world import World
from service.store.batch_output import BatchOutput
from service.store.command_id import unpacked_id
from service.store.command_store import Applied
from service.store.inbox import Key, Known, key_of
from service.store.stored_outcome import unpacked_outcome
from tests.support.record import TOPICS


class MemoryStore:
    """Keeps the state, the inbox, the marks and all messages to publish."""

    def __init__(self) -> None:
        self.world = World()
        self.inbox: dict[Key, Known] = {}
        self.marks: dict[tuple[str, int], int] = {}
        self.messages: list[Message] = []
        self._block = 0

    async def apply(
        self, batch: Sequence[Received | Undecodable], after: Mapping[tuple[str, int], int] = MappingProxyType({})
    ) -> Applied:
        """Decide a batch. It is atomic, because no step can fail."""
        records = [p for p in batch if p.record.offset >= self.marks.get((p.record.topic, p.record.partition), 0)]
        commands = [p.command for p in records if isinstance(p, Received) and key_of(p) not in self.inbox]
        decisions, self.world = decide_batch(commands, self.world)
        self._block += 1
        answers = BatchOutput(TOPICS, self._block, datetime(2026, 11, 1, tzinfo=UTC))
        await answers.add(records, self.inbox, decisions)
        for (source, topic), stored_id, stored in answers.inbox:
            id_ = unpacked_id(stored_id)
            data = unpacked_outcome(source, id_, stored).data
            self.inbox[source, id_, topic] = Known(data, "2026-11-01T00:00:00.000000Z")
        for parsed in records:
            self.marks[parsed.record.topic, parsed.record.partition] = parsed.record.offset + 1
        self.marks.update(after)
        self.messages += answers.messages
        dead_letters = sum(isinstance(parsed, Undecodable) for parsed in records)
        decided = len(answers.inbox)
        return Applied(
            answers.messages, decided, len(records) - decided - dead_letters, dead_letters, len(batch) - len(records)
        )
