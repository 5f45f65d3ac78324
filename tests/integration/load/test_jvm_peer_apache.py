"""The JVM peer of the benchmark writes the rows and messages of the registry; runs with `--broker apache`."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGTERM

import asyncpg
import pytest

from service.contract.envelope import Limits, parse
from service.contract.message import Message
from service.settings import Settings
from service.settings import load as load_settings
from service.stack.child import Child
from service.store.command_store import CommandStore
from service.store.inbox import Key
from service.store.offset_fence import Origin
from service.store.stored_outcome import StoredOutcome
from tests.load import seed
from tests.load.complete import Incomplete
from tests.load.contender import Contender
from tests.load.peers.jvm import build
from tests.load.servers import Registry, fill
from tests.load.workload import Mix, Sent, Workload
from tests.support.checker.evidence import Seen
from tests.support.database import made_database, url_of
from tests.support.inbox import remembered
from tests.support.topic_log import read_topics
from tests.support.topics import create_topics
from tests.support.wait import eventually

pytestmark = pytest.mark.timeout(900)

CODES = 400
COUNT = 300
ADVERSE = Mix(repeated=0.1, rejected=0.2, dated=0.5)
# Neither a type nor a specversion: not a command.
STRANGE = Sent(b"bench-org-1", b"{}", [("ce_id", b"1"), ("other", b"\xff")])
QUERIES = (
    "SELECT t::text FROM producer_code AS t ORDER BY 1",
    "SELECT t::text FROM registry_group AS t ORDER BY 1",
    "SELECT t::text FROM registry_user AS t ORDER BY 1",
    "SELECT t::text FROM group_producer_code AS t ORDER BY 1",
    "SELECT t::text FROM user_producer_code AS t ORDER BY 1",
)
# The peer decides at another time, and in another order of partitions.
OWN = {"ce_time", "ce_sequence"}
LEFT = """
    INSERT INTO peer_outbox (position, topic, key, headers, payload)
    VALUES (1, $1, 'left', '\\x0000000163ffffffff'::bytea, 'left')
"""

Content = tuple[bytes | None, list[tuple[str, bytes | None]]]


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Contender:
    return build.build(tmp_path_factory.mktemp("classes"))


@pytest.fixture(scope="module")
async def seeded(postgres_url: str, database_template: str) -> AsyncIterator[str]:
    async with made_database(postgres_url, database_template) as name:
        session = await asyncpg.connect(url_of(postgres_url, name))
        await seed.lay_down(session, CODES, users=80, groups=80)
        await session.close()
        yield name


@pytest.fixture
async def registry(
    postgres_url: str, seeded: str, kafka_bootstrap: str, topic_prefix: str, tmp_path: Path
) -> AsyncIterator[Registry]:
    """A registry with new topics and a database of its own."""
    async with made_database(postgres_url, seeded) as name:
        settings = load_settings(
            {
                "database_url": url_of(postgres_url, name),
                "kafka_bootstrap_servers": kafka_bootstrap,
                "topic_prefix": topic_prefix,
                "consumer_group": topic_prefix,
            }
        )
        await create_topics(settings)
        yield Registry(settings, "apache", tmp_path)


@asynccontextmanager
async def running(peer: Contender, registry: Registry, folder: Path, **more: str) -> AsyncIterator[Child]:
    child = Child("peer", folder)
    child.launch(peer.command, port=0, environment=registry.environment(**peer.settings, **more))
    try:
        yield child
    finally:
        await child.stop(SIGTERM, seconds=30.0)


async def read_published(registry: Registry) -> list[Seen]:
    topics = registry.topics
    names = [*topics.events.values(), topics.outcomes, topics.dead_letters]
    return await read_topics(registry.settings.kafka_bootstrap_servers, names)


async def published(registry: Registry, child: Child, *, outcomes: int) -> list[Seen]:
    """Return all messages as soon as there are so many outcomes."""
    topics = registry.topics

    async def seen() -> list[Seen]:
        assert child.alive(), child.last_lines()
        found = await read_published(registry)
        assert sum(one.topic == topics.outcomes for one in found) >= outcomes
        return found

    return await eventually(seen, deadline=120, what=f"{outcomes} outcomes")


async def decided_by_the_registry(registry: Registry, database: str) -> list[Message]:
    """Let the store of the registry decide the commands in another database."""
    commands = registry.topics.commands
    records = await read_topics(registry.settings.kafka_bootstrap_servers, [commands])
    # In offset order within a partition, as in a batch.
    records.sort(key=lambda record: (record.partition, record.offset))
    store = CommandStore(
        Settings(database_url=database), registry.topics, origin=Origin("cluster", {commands: "topic"})
    )
    try:
        return (await store.apply(parse(records, registry.topics, Limits()))).messages
    finally:
        await store.close()


def by_key(messages: Sequence[Seen | Message]) -> dict[tuple[str, bytes | None], list[Content]]:
    """Return payloads and headers in order, for each topic and key; of dead letters only the record and the reason."""
    found: dict[tuple[str, bytes | None], list[Content]] = defaultdict(list)
    for one in messages:
        payload = one.payload if isinstance(one, Message) else one.value
        headers = [(name, value) for name, value in one.headers if name not in OWN]
        if any(name == "dlq_reason" for name, _ in headers):
            headers = [(n, v) for n, v in headers if n == "dlq_reason" or not n.startswith(("dlq_", "__connect."))]
        found[one.topic, one.key].append((payload, headers))
    return found


async def inbox_of_peer(database: str) -> dict[Key, StoredOutcome]:
    session = await asyncpg.connect(database)
    try:
        found = await session.fetch("SELECT source, command_id, topic, status, outcome FROM peer_inbox")
    finally:
        await session.close()
    return {(source, id_, topic): StoredOutcome(status, outcome) for source, id_, topic, status, outcome in found}


async def inbox(database: str) -> dict[Key, StoredOutcome]:
    session = await asyncpg.connect(database)
    try:
        return await remembered(session)
    finally:
        await session.close()


async def rows(database: str) -> dict[str, list[str]]:
    session = await asyncpg.connect(database)
    try:
        return {query: [str(tuple(row)) for row in await session.fetch(query)] for query in QUERIES}
    finally:
        await session.close()


async def test_rows_and_messages_are_those_of_the_registry(
    peer: Contender, registry: Registry, postgres_url: str, seeded: str, tmp_path: Path
) -> None:
    await fill(registry, [*Workload(CODES, mix=ADVERSE).take(COUNT), STRANGE])
    async with running(peer, registry, tmp_path / "peer") as child:
        await published(registry, child, outcomes=COUNT)
    seen = await read_published(registry)
    async with made_database(postgres_url, seeded) as name:
        database = url_of(postgres_url, name)
        expected = await decided_by_the_registry(registry, database)
        assert by_key(seen) == by_key(expected)
        assert {one.need("dlq_reason") for one in seen if one.topic == registry.topics.dead_letters} == {
            "not-a-cloudevent"
        }
        assert await rows(registry.settings.database_url) == await rows(database)
        assert await inbox_of_peer(registry.settings.database_url) == await inbox(database)


async def test_the_next_process_publishes_the_rest_and_repeats_outcomes(
    peer: Contender, registry: Registry, tmp_path: Path
) -> None:
    await fill(registry, Workload(CODES).take(COUNT))
    async with running(peer, registry, tmp_path / "first") as child:
        await published(registry, child, outcomes=COUNT)
    url = registry.settings.database_url
    before = await rows(url), await inbox_of_peer(url)
    session = await asyncpg.connect(registry.settings.database_url)
    await session.execute(LEFT, registry.topics.outcomes)
    async with running(
        peer, registry, tmp_path / "second", REGISTRY_CONSUMER_GROUP=f"{registry.settings.consumer_group}-2"
    ) as child:
        seen = await published(registry, child, outcomes=2 * COUNT + 1)
    assert [(one.value, one.headers) for one in seen if one.key == b"left"] == [(b"left", (("c", None),))]
    replayed = [one for one in seen if one.header("ce_replayed") == "true"]
    first = {one.need("ce_id"): one.value for one in seen if one.header("ce_replayed") is None and one.key != b"left"}
    assert len(replayed) == COUNT
    assert [one.value for one in replayed] == [first[one.need("ce_id")] for one in replayed]
    assert (await rows(url), await inbox_of_peer(url)) == before
    assert await session.fetchval("SELECT count(*) FROM peer_outbox") == 0
    await session.close()


async def test_a_round_is_checked(peer: Contender, registry: Registry, tmp_path: Path) -> None:
    sent = list(Workload(CODES).take(COUNT))
    await fill(registry, sent)
    async with running(peer, registry, tmp_path / "peer") as child:
        await published(registry, child, outcomes=COUNT)
    assert peer.check is not None
    await peer.check(registry, sent)
    session = await asyncpg.connect(registry.settings.database_url)
    await session.execute("DELETE FROM peer_inbox WHERE command_id = (SELECT min(command_id) FROM peer_inbox)")
    with pytest.raises(Incomplete, match=r"'accepted': \(299, 300\), 'decided': \(299, 300\)"):
        await peer.check(registry, sent)
    await session.execute("UPDATE registry_user SET version = version + 1 WHERE id = 'bench-user-0'")
    with pytest.raises(Incomplete, match="'user_versions'"):
        await peer.check(registry, sent)
    await session.close()
    await fill(registry, sent[:1], registry.topics.user_events)
    with pytest.raises(Incomplete, match="'user events'"):
        await peer.check(registry, sent)
