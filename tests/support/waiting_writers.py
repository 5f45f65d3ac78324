"""Writers whose commands may wait, for the tests of waiting commands."""

import json
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

from service.contract.message import SHARDS, Message
from service.core.waiting import Reference
from service.settings import Settings
from service.store.command_store import Applied, CommandStore
from service.store.offset_fence import Origin
from service.store.waiting_command import WaitPolicy
from service.store.waiting_store import WaitingStore
from tests.support.database import WAITING as LOCKED
from tests.support.record import TOPICS, Log

if TYPE_CHECKING:
    Database: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Database = asyncpg.Connection

GROUP, USER, CODE = Reference("group", "pc:669"), Reference("user", "pc:310"), Reference("producer-code", "pc:16")
ADD = {"producerCode": {"id": "pc:16"}}
LONG, MOST = 3600.0, 100
EXPIRE = "UPDATE waiting_command SET deadline = now()"
WAITING = "SELECT command_id, kind, subject, reference_kind, reference_id FROM waiting_command ORDER BY id"


class Writers:
    """Two writers of batches with different partitions, and the one that decides waiting commands."""

    def __init__(self, settings: Settings, origin: Origin) -> None:
        every = frozenset(range(SHARDS))
        self.policy = WaitPolicy(LONG, MOST)
        first, second = (
            CommandStore(settings, TOPICS, origin=origin, held=lambda: every, policy=self.policy) for _ in range(2)
        )
        self.first, self.second = first, second
        self.waiting = WaitingStore(settings, TOPICS, origin=origin, held=lambda: every, policy=self.policy)
        self.log, self.other = Log(partition=1), Log(partition=2, source="/other")

    async def apply(self) -> Applied:
        """Apply what is new in the first partition."""
        return await self.first.apply(self.log.read())

    async def decide_due(self, references: frozenset[Reference] = frozenset(), *, all_: bool = True) -> list[Message]:
        """Decide what is due until nothing is, and return the messages."""
        messages: list[Message] = []
        while due := await self.waiting.due(references, all_=all_):
            messages += (await self.waiting.decide(due, 2000)).messages
        return messages


def said(messages: list[Message]) -> list[tuple[str, str]]:
    """Return what kind of message each is, and for an outcome the id of its command."""
    return [
        (m.type.removeprefix("producer-registry.").removesuffix(".v1"), command_of(m) or m.aggregateid)
        for m in messages
    ]


def command_of(message: Message) -> str:
    return str(json.loads(message.payload or b"")["command"]["id"]) if message.aggregatetype == "outcome" else ""


async def waits_for_lock(database: Database) -> bool:
    return await database.fetchval(LOCKED) is not None


async def rows(database: Database) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await database.fetch(WAITING)]
