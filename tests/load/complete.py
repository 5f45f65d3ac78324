"""Check after a round that the database and the topics hold what a friendly load asked for: nothing less or twice."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import asyncpg

from tests.load.log_ends import log_ends
from tests.load.servers import Registry
from tests.load.workload import Sent
from tests.support.inbox import IS_ACCEPTED

# Codes of a load begin with this letter, and only they are given to groups and users.
_ROWS = """
SELECT (SELECT count(*) FROM {inbox} WHERE {accepted}) AS accepted,
       (SELECT count(*) FROM {inbox}) AS decided,
       (SELECT count(*) FROM producer_code WHERE code LIKE 'N%') AS created,
       (SELECT sum(version - 1) FROM producer_code) AS updated,
       (SELECT count(*) FROM group_producer_code WHERE code LIKE 'N%') AS group_adds,
       (SELECT count(*) FROM user_producer_code WHERE code LIKE 'N%') AS user_adds,
       (SELECT sum(version - 1) FROM registry_group) AS group_versions,
       (SELECT sum(version - 1) FROM registry_user) AS user_versions,
       (SELECT count(*) FROM {outbox}) AS waiting
"""


class Incomplete(Exception):
    """A program did not do what the load asked for; the message has what differs."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The inbox of a program, the condition for an accepted command in it, and the outbox."""

    inbox: str
    accepted: str
    outbox: str


OURS = Tables("inbox", IS_ACCEPTED, "outbox_frame")


async def check(registry: Registry, sent: Iterable[Sent], *, tables: Tables = OURS) -> None:
    """Compare rows and messages with the commands, all of which are accepted. Raises Incomplete.

    The program has ended. The topics are those of Apache Kafka, whose end offsets are exact.
    """
    wanted = expected(sent)
    found = {**await _rows(registry, tables), **await _messages(registry)}
    if wrong := {name: (found[name], number) for name, number in wanted.items() if found[name] != number}:
        raise Incomplete(f"found and expected: {wrong}")


def expected(sent: Iterable[Sent]) -> dict[str, int]:
    """Return the numbers of rows and messages by name, for commands that are all accepted and all different."""
    types = Counter(dict(one.headers)["ce_type"].decode().split(".", 1)[1] for one in sent)
    creates, updates = types["producer-code.create.v1"], types["producer-code.update.v1"]
    groups, users = types["group.add-producer-code.v1"], types["user.add-producer-code.v1"]
    every = types.total()
    return {
        "accepted": every,
        "decided": every,
        "created": creates,
        "updated": updates,
        "group_adds": groups,
        "user_adds": users,
        "group_versions": groups,
        "user_versions": users,
        "waiting": 0,
        "code events": creates + updates,
        "group events": groups,
        "user events": users,
        "outcomes": every,
    }


async def _rows(registry: Registry, tables: Tables) -> dict[str, int]:
    session = await asyncpg.connect(registry.settings.database_url)
    try:
        row = await session.fetchrow(_ROWS.format(**asdict(tables)))
    finally:
        await session.close()
    assert row is not None
    return {name: int(number) for name, number in row.items()}


async def _messages(registry: Registry) -> dict[str, int]:
    topics = registry.topics
    names = {
        "code events": topics.code_events,
        "group events": topics.group_events,
        "user events": topics.user_events,
        "outcomes": topics.outcomes,
    }
    async with log_ends(registry, list(names.values())) as ends:
        return dict(zip(names, await ends.each(), strict=True))
