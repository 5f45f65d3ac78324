"""State topics: an upgrade without them loses nothing, `resend --state` fills them, and removes what is lost."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from service.store.pool import Connection
from tests.support.http_client import http_client
from tests.support.ladder import Rung
from tests.support.program import Ended, program
from tests.support.registry import Registry, registry_settings
from tests.support.state_subscriber import StateSubscriber
from tests.support.wait import eventually

NAMES = ("database_url", "kafka_bootstrap_servers", "kafka_idempotent_producer", "topic_prefix", "partitions")
WAITING = "SELECT (SELECT count(*) FROM outbox_frame) + (SELECT count(*) FROM outbox_held)"
UNCHANGED = """
    INSERT INTO role (id, display_name, permissions, version) VALUES ('unchanged', 'Since the older version', '{}', 4)
"""


@pytest.fixture
async def older(
    database_url: str, kafka_bootstrap: str, broker_rung: Rung, topic_prefix: str, tmp_path: Path
) -> AsyncIterator[Registry]:
    """A registry whose topics are those of a version without state topics."""
    settings = registry_settings(
        database_url, kafka_bootstrap, topic_prefix, tmp_path, idempotent=broker_rung.is_apache
    )
    async with Registry({**settings, "state_topics": False}, tmp_path).open() as registry:
        yield registry


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Connection]:
    """A session of the test's own."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def work(registry: Registry, *arguments: str) -> Ended:
    """Run a command of the program with the registry's database and broker."""
    settings = {name: str(registry.settings[name]) for name in NAMES}
    return await program(*arguments, stdin="", seconds=60, **settings)


async def test_an_upgrade_without_state_topics_names_them_and_loses_nothing(
    older: Registry, database: Connection
) -> None:
    await database.execute(UNCHANGED)
    service = older.service(state_topics=True)
    service.start()
    await older.accepted("role.put", "producer", {"displayName": "Producer"}, id="during")
    await older.events_when("producer", 1)
    first, directory = older.topics.states["group"], older.topics.states["directory"]

    async def named() -> bool:
        async with http_client(service.admin_port) as client:
            answer = await client.get("/readyz", timeout=10)
        assert (answer.status_code, f"{first} does not exist" in answer.text) == (503, True), answer.text
        return True

    await eventually(named, deadline=60, what="the missing topic on /readyz")
    created = await work(older, "topics", "create")
    assert (created.code, created.out.count("created")) == (0, 4), created.err
    await older.ready(service)
    # As a lost database may have written it.
    headers = {"type": "producer-registry.role.snapshot.v1", "subject": "lost", "entityversion": "3", "sequence": "0"}
    await older.send(
        directory, b"role/lost", b'{"role": {"id": "lost"}}', [(f"ce_{n}", v.encode()) for n, v in headers.items()]
    )

    filled = await work(older, "resend", "--state", "--json")

    assert filled.code == 0, filled.err
    counts = json.loads(filled.out)
    assert {kind: count for kind, count in counts.items() if count} == {"role": 2, "tombstone": 1}
    await eventually(lambda: nothing_waits(database), deadline=60, what="an empty outbox")
    subscriber = StateSubscriber(str(older.settings["kafka_bootstrap_servers"]), older.topics)
    await subscriber.read_to_end()
    states = subscriber.states()
    assert {id_: state["version"] for id_, state in states["role"].items()} == {"unchanged": 4, "producer": 1}
    assert len(subscriber.read) == 5, "the held record, the lost one, its tombstone and two of the first fill"


async def nothing_waits(database: Connection) -> bool:
    """Return whether all messages are published."""
    return bool(await database.fetchval(WAITING) == 0)


async def test_the_topics_are_not_filled_when_they_are_turned_off(database_url: str) -> None:
    refused = await program("resend", "--state", database_url=database_url, state_topics="false")
    assert (refused.code, "REGISTRY_STATE_TOPICS is false" in refused.err) == (2, True), refused.err
