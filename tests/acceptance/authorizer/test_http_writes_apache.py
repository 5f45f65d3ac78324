"""Writes over HTTP while Apache Kafka refuses the command topic: nothing is published, and a later repeat is."""

from tests.acceptance.test_http_writes import CODES, NEW, client, directory
from tests.support.broker_admin import BrokerAdmin, Operation
from tests.support.registry import Registry


async def test_nothing_is_published_to_a_topic_that_refuses_commands(registry: Registry, admin: BrokerAdmin) -> None:
    service = await registry.started()
    await directory(registry)
    topic = registry.topics.commands
    async with client(registry, service, Prefer="wait=30") as one:

        async def refused(key: str) -> None:
            response = await one.post(CODES, json=NEW, headers={"Idempotency-Key": key})
            assert response.status_code == 503, response.text
            assert "Nothing was published." in response.json()["detail"]

        # The producer does not know the topic yet, then it does.
        await admin.allow_only(topic, Operation.READ)
        await refused("one")
        await admin.allow_everything(topic)
        changed = await one.patch(f"{CODES}/none", json={"data": {"attributes": {}}})
        assert changed.status_code == 404
        await admin.allow_only(topic, Operation.READ)
        await refused("one")
        await admin.allow_everything(topic)
        await admin.configure(topic, max_message_bytes="100")
        await refused("one")
        await admin.configure(topic)
        created = await one.post(CODES, json=NEW, headers={"Idempotency-Key": "one"})
        assert created.status_code == 201, created.text
        assert "idempotent-replayed" not in created.headers
    assert len(await registry.outcomes_when("one", 1)) == 1
    assert await service.stop() == 0, service.last_lines()
