"""The evidence of a registry without faults: commands are decided one by one, and messages appended to topics."""

import random
from collections import defaultdict
from zlib import crc32

from service.contract.dead_letter import dead_letter
from service.contract.envelope import parse
from service.contract.message import Message
from service.contract.record import Limits, Received, Undecodable
from service.contract.render import render, repeat_outcome, stamp_of
from service.contract.state import state_records
from service.contract.topics import Topics
from service.core.batch import World, decide, evolve
from tests.support.checker.evidence import Database, Evidence, Seen, Sent
from tests.support.workload import Workload

PARTITIONS = 4
TIME = "2026-01-01T00:00:00.000000Z"


class Log:
    """Topics with partitions."""

    def __init__(self) -> None:
        self.records: dict[str, list[Seen]] = defaultdict(list)
        self._ends: dict[tuple[str, int], int] = defaultdict(int)

    def append(
        self, topic: str, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]
    ) -> Seen:
        """Append a record to its partition."""
        partition = crc32(key or b"") % PARTITIONS
        offset = self._ends[topic, partition]
        self._ends[topic, partition] += 1
        seen = Seen(topic, partition, offset, key, value, tuple(headers))
        self.records[topic].append(seen)
        return seen

    def end(self, topic: str, partition: int) -> int:
        """Return the end offset of a partition."""
        return self._ends[topic, partition]


def history(seed: int, topics: Topics, commands: int = 120) -> list[Sent]:
    """Return the mixed records of several senders."""
    workload = Workload(seed, topics)
    setup = [sent for step in workload.setup() for sent in step]
    lines = workload.lines(commands)
    mixed = []
    while any(lines):
        mixed.append(random.Random(seed).choice([line for line in lines if line]).pop(0))
    return setup + mixed


def perfect(sent: list[Sent], topics: Topics) -> Evidence:
    """Decide all commands in the order of sending."""
    log, world, position = Log(), World(), 0
    first: dict[tuple[str, str, str], tuple[str, bytes]] = {}
    for line in sent:
        seen = log.append(line.topic, line.key, line.value, list(line.headers))
        line.place = seen.place
        parsed = parse([seen], topics, Limits())[0]
        for message in _messages(parsed, world, first, position, topics):
            position = message.position + 1
            log.append(message.topic, message.key, message.payload, message.headers)
    commands = log.records[topics.commands] + log.records[topics.operator_commands]
    marks = {(seen.topic, seen.partition): log.end(seen.topic, seen.partition) for seen in commands}
    return Evidence(
        topics=topics,
        sent=sent,
        commands=commands,
        outcomes=log.records[topics.outcomes],
        events=[seen for topic in topics.events.values() for seen in log.records[topic]],
        states=[seen for topic in topics.states.values() for seen in log.records[topic]],
        dead_letters=log.records[topics.dead_letters],
        database=Database(world, {key: status for key, (status, _) in first.items()}, marks=marks),
        committed=dict(marks),
    )


def _messages(
    parsed: Received | Undecodable,
    world: World,
    first: dict[tuple[str, str, str], tuple[str, bytes]],
    position: int,
    topics: Topics,
) -> list[Message]:
    if isinstance(parsed, Undecodable):
        return [dead_letter(parsed, position, TIME, topics)]
    command = parsed.command
    key = command.source, command.id, command.topic
    if key in first:
        return [repeat_outcome(parsed, first[key][1], position, TIME, topics)]
    decision, before = decide(command, world), world.copy()
    messages = render(parsed, decision, position, TIME, topics)
    if decision.event is not None:
        evolve(world, decision.event)
    first[key] = decision.status, messages[-1].payload or b""
    return [*messages, *state_records(before, world, [decision], position + len(messages), stamp_of(TIME, topics))]
