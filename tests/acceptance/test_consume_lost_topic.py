"""A command topic that is deleted and recreated while the service runs: it stops with an alarm and skips no record."""

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.support.process import Service
from tests.support.registry import Registry
from tests.support.wait import eventually

SUBJECT = "anew:1"


async def anew(registry: Registry, topic: str) -> None:
    """Delete a topic and make it again."""
    admin = AIOKafkaAdminClient(bootstrap_servers=str(registry.settings["kafka_bootstrap_servers"]))
    await admin.start()
    try:
        await admin.delete_topics([topic])

        async def made() -> bool:
            answer = await admin.create_topics([NewTopic(topic, int(str(registry.settings["partitions"])), 1)])
            return all(code == 0 for _, code, _ in answer.topic_errors)

        await eventually(made, what=f"{topic} recreated")
    finally:
        await admin.close()


async def ended(service: Service) -> str:
    """What a process that ends by itself wrote last, its exit code being no success."""
    assert await service.gone(60), f"it runs on: {service.last_lines()}"
    assert service.code not in {0, None}
    return service.last_lines()


async def send(registry: Registry, name: str, count: int) -> None:
    """Put the subject so often."""
    for number in range(count):
        await registry.command("organization.put", SUBJECT, {"displayName": f"N{number}"}, id=f"{name}{number}")


async def test_the_service_stops_with_the_reason_and_goes_on_only_when_the_operator_says_so(registry: Registry) -> None:
    service = await registry.started()
    await send(registry, "old", 5)
    await registry.outcome("old4")

    await anew(registry, registry.topics.operator_commands)
    # More than the old topic had: who reads on at the old offset passes over the first of them.
    await send(registry, "new", 12)
    assert "recreated" in await ended(service)

    again = registry.service()
    again.start()
    assert "REGISTRY_ACCEPT_LOST_COMMANDS" in await ended(again)

    await registry.started(accept_lost_commands=True)
    for number in range(12):
        await registry.outcome(f"new{number}")
    assert registry.dead_letters == []
