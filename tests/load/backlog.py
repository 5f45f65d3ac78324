"""Write messages directly to the outbox, like those of batches of commands that create codes."""

import random
from collections.abc import Iterator

import asyncpg

from service.clock import now
from service.contract.message import Message
from service.contract.record import Received
from service.contract.render import render
from service.contract.time_ordered_id import uuid7
from service.contract.timestamp import stamp
from service.contract.topics import Topics
from service.core.batch import decide
from service.core.command import Command
from service.core.ids import created_subject
from service.core.producer_code import CreateCode
from service.core.world import World
from service.store.frame import frames_of
from service.store.frame_row import write_frames
from service.store.position import BLOCK
from tests.load import people
from tests.load.workload import SOURCE, START_MS
from tests.support.record import FakeRecord
from tests.support.states import new_branch, new_organization, new_role

SLICE = 20_000
"""Approximate number of messages per transaction."""

# Each batch takes a block from the sequence.
_BLOCKS = "SELECT nextval('outbox_block') FROM generate_series(1, $1::int)"


async def lay_backlog(url: str, topics: Topics, messages: int, commands_of_batch: tuple[int, ...]) -> int:
    """Write this many messages to the outbox. Return the number of frames.

    `commands_of_batch` are the sizes of batches, used in turn; each command has an event and an outcome.
    """
    backlog = Backlog(topics)
    session = await asyncpg.connect(url, timeout=30)
    frames = 0
    try:
        await session.execute("SET synchronous_commit = off")
        sizes = list(sizes_of(messages // 2, commands_of_batch))
        while sizes:
            some = list(_first(sizes, SLICE // 2))
            del sizes[: len(some)]
            async with session.transaction():
                blocks = [row[0] for row in await session.fetch(_BLOCKS, len(some))]
                written = [
                    frame
                    for block, size in zip(blocks, some, strict=True)
                    for frame in frames_of(backlog.batch(block, size))
                ]
                await write_frames(session, written)
            frames += len(written)
    finally:
        await session.close()
    return frames


def sizes_of(commands: int, in_turns: tuple[int, ...]) -> Iterator[int]:
    """Yield the sizes of batches in turn, until they have this many commands."""
    turn = 0
    while commands > 0:
        size = min(commands, in_turns[turn % len(in_turns)])
        yield size
        commands -= size
        turn += 1


def _first(sizes: list[int], commands: int) -> Iterator[int]:
    for size in sizes:
        yield size
        commands -= size
        if commands <= 0:
            return


class Backlog:
    """An endless stream of decided commands; the same seed gives the same messages."""

    def __init__(self, topics: Topics, seed: int = 1) -> None:
        self._topics = topics
        self._random = random.Random(seed)
        self._number = 0
        self._time = stamp(now())
        self._world = World(
            organizations={
                people.organization(n): new_organization(people.organization(n), f"Agency {n}")
                for n in range(people.ORGANIZATIONS)
            },
            branches={people.branch(n): new_branch(people.branch(n), f"B{n}", f"Branch {n}") for n in range(10)},
            roles={people.role(n): new_role(people.role(n), f"Role {n}") for n in range(people.ROLES)},
        )

    def batch(self, block: int, commands: int) -> list[Message]:
        """Return the messages of a batch, at the positions of its block."""
        messages: list[Message] = []
        for _ in range(commands):
            received = self._received()
            decision = decide(received.command, self._world)
            assert decision.event is not None, decision
            messages += render(received, decision, block * BLOCK + len(messages), self._time, self._topics)
        return messages

    def _received(self) -> Received:
        self._number += 1
        choose = self._random.randrange
        id_ = str(uuid7(START_MS + self._number // 8, self._random.getrandbits(74)))
        organization = people.organization(choose(people.ORGANIZATIONS))
        roles = tuple(sorted({people.role(choose(people.ROLES)), people.role(choose(people.ROLES))}))
        branch = people.branch(choose(people.BRANCHES))
        body = CreateCode(f"N-{self._number:08d}", organization, roles, branch_id=branch)
        topic = self._topics.commands
        command = Command(topic, SOURCE, id_, "producer-code.create", created_subject(SOURCE, id_), None, body)
        record = FakeRecord(topic, 0, self._number, organization.encode(), None, ())
        return Received(record, command, correlation_id="renewals-2026-11-22-01")
