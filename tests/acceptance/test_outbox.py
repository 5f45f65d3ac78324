"""Messages that the broker refuses are held while all others are published, until an operator's command."""

import json
import time

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from consumers.relay.held_retry import RETRY_SECONDS
from tests.support.http_client import http_client
from tests.support.program import Ended, program
from tests.support.registry import Registry
from tests.support.wait import eventually

UNKNOWN = "UNKNOWN_TOPIC_OR_PARTITION"


async def work(registry: Registry, *arguments: str) -> Ended:
    """Run a command of the program with the registry's database and broker."""
    names = ("database_url", "kafka_bootstrap_servers", "kafka_idempotent_producer", "topic_prefix", "partitions")
    settings = {name: str(registry.settings[name]) for name in names}
    return await program(*arguments, stdin="", seconds=60, **settings)


async def relay(port: int) -> str:
    """Return the state of the relay in /readyz of a ready process."""
    async with http_client(port) as client:
        answer = await client.get("/readyz", timeout=10)
    assert answer.status_code == 200, answer.text
    reported: str = answer.json()["parts"]["relay"]
    return reported


async def held(registry: Registry, topic: str, *ids: str) -> int:
    """Start a process, and wait until the outcomes of these commands are held. Return its admin port."""
    service = await registry.started(reply_topics=topic)
    for id_ in ids:
        await registry.command("organization.put", f"held:{id_}", {"displayName": "Held"}, id=id_, replyto=topic)
        await registry.events_when(f"held:{id_}", 1)

    async def reported() -> bool:
        state = await relay(service.admin_port)
        assert f"held: {len(ids)} messages for {topic} ({UNKNOWN})" in state
        return True

    await eventually(reported, deadline=60, what="the held messages on /readyz")
    return service.admin_port


async def test_messages_for_a_missing_topic_are_held_until_they_are_discarded(registry: Registry) -> None:
    topic = f"{registry.topics.outcomes}.nowhere"
    port = await held(registry, topic, "h1", "h2")

    rows = [json.loads(line) for line in (await work(registry, "outbox", "list", "--held", "--json")).lines]
    position = rows[0]["position"]
    shown = [json.loads(line) for line in (await work(registry, "outbox", "show", position, "--json")).lines]
    doctor = await work(registry, "doctor")

    assert {(row["state"], row["topic"], row["scope"], row["reason"]) for row in rows} == {
        ("held", topic, "topic", UNKNOWN)
    }
    assert sum(row["messages"] for row in rows) == 2
    assert shown[0]["topic"] == topic
    assert json.loads(shown[0]["payload"])["command"]["id"] == "h1"
    assert doctor.code == 1
    assert f"held: 2 messages for {topic} ({UNKNOWN})" in doctor.out

    done = await work(registry, "outbox", "discard", "--topic", topic, "--yes")

    assert (done.code, done.err.endswith(" with 2 messages discarded\n")) == (0, True), done
    await eventually(lambda: reported_nothing(port), what="/readyz without the topic")
    traces = [json.loads(line) for line in (await work(registry, "outbox", "list", "--discarded", "--json")).lines]
    assert {row["position"] for row in traces} == {row["position"] for row in rows}
    assert all(" (database user " in row["discarded_by"] for row in traces)
    assert (await work(registry, "outbox", "list", "--held")).out == ""
    assert (await work(registry, "doctor")).code == 0
    await registry.accepted("organization.put", "held:h1", {"displayName": "Later"}, id="h3")
    assert [out.text["ce_entityversion"] for out in await registry.events_when("held:h1", 2)] == ["1", "2"]


async def reported_nothing(port: int) -> bool:
    """Return whether /readyz reports the relay as ready, without a note."""
    return await relay(port) == "ready"


async def test_held_messages_are_published_at_once_when_the_topic_exists_and_a_retry_is_requested(
    registry: Registry,
) -> None:
    topic = f"{registry.topics.outcomes}.later"
    port = await held(registry, topic, "r1", "r2")
    await create(registry, topic)

    retried = await work(registry, "outbox", "retry")
    since = time.monotonic()
    await eventually(lambda: reported_nothing(port), what="/readyz without the topic")

    # Without the request the relay would wait longer. Another test checks its own retries.
    assert time.monotonic() - since < RETRY_SECONDS
    assert (retried.code, retried.err.endswith("; retry requested from 1 relay\n")) == (0, True), retried
    assert await ids_in(registry, topic, 2) == ["r1", "r2"]
    assert (await work(registry, "outbox", "list")).out == ""


async def create(registry: Registry, topic: str) -> None:
    """Create a topic with one partition."""
    admin = AIOKafkaAdminClient(bootstrap_servers=registry.settings["kafka_bootstrap_servers"])
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()


async def ids_in(registry: Registry, topic: str, count: int) -> list[str]:
    """Wait for this many outcomes in a topic with one partition, and return the ids of their commands in order."""
    bootstrap = registry.settings["kafka_bootstrap_servers"]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    ids: list[str] = []
    try:
        consumer.assign([TopicPartition(topic, 0)])

        async def came() -> bool:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                ids.extend(json.loads(record.value)["command"]["id"] for record in records)
            return len(ids) >= count

        await eventually(came, what=f"{count} outcomes in {topic}")
    finally:
        await consumer.stop()
    return ids
