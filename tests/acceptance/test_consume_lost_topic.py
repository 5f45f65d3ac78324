"""A command topic that is recreated, or of another cluster: the service stops with an alarm and skips no record."""

from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from service.stack.tansu import Tansu
from tests.support.ladder import running
from tests.support.process import Service
from tests.support.registry import Registry, registry_settings
from tests.support.wait import eventually

SUBJECT = "recreated:1"


async def recreate(registry: Registry, topic: str) -> None:
    """Delete a topic and create it again."""
    admin = AIOKafkaAdminClient(bootstrap_servers=str(registry.settings["kafka_bootstrap_servers"]))
    await admin.start()
    try:
        await admin.delete_topics([topic])

        async def created() -> bool:
            answer = await admin.create_topics([NewTopic(topic, int(str(registry.settings["partitions"])), 1)])
            return all(code == 0 for _, code, _ in answer.topic_errors)

        await eventually(created, what=f"{topic} recreated")
    finally:
        await admin.close()


async def ended(service: Service) -> str:
    """Wait until a process exits with an error, and return its last lines."""
    assert await service.gone(60), f"it is still running: {service.last_lines()}"
    assert service.code not in {0, None}
    return service.last_lines()


async def send(registry: Registry, name: str, count: int) -> None:
    """Send this many commands for the subject."""
    for number in range(count):
        await registry.command("organization.put", SUBJECT, {"displayName": f"N{number}"}, id=f"{name}{number}")


async def test_the_service_stops_with_the_reason_and_continues_only_after_an_operator_confirms(
    registry: Registry,
) -> None:
    service = await registry.started()
    await send(registry, "old", 5)
    await registry.outcome("old4")

    await recreate(registry, registry.topics.operator_commands)
    # More records than the old topic had: a consumer that continues at the old offset would skip the first ones.
    await send(registry, "new", 12)
    assert "recreated" in await ended(service)

    again = registry.service()
    again.start()
    assert "REGISTRY_ACCEPT_LOST_COMMANDS" in await ended(again)

    await registry.started(accept_lost_commands=True)
    for number in range(12):
        await registry.outcome(f"new{number}")
    assert registry.dead_letters == []


async def test_the_service_reads_another_cluster_only_after_an_operator_confirms(
    registry: Registry, database_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    service = await registry.started()
    await send(registry, "old", 5)
    await registry.outcome("old4")
    assert await service.stop() == 0

    folder = tmp_path / "other"
    folder.mkdir()
    async with running(Tansu()) as bootstrap:
        settings = registry_settings(database_url, bootstrap, topic_prefix, folder, idempotent=False)
        async with Registry(settings, folder).open() as other:
            await send(other, "new", 5)
            refusing = other.service()
            refusing.start()
            reason = await ended(refusing)
            assert "The broker belongs to cluster" in reason
            assert "REGISTRY_ACCEPT_LOST_COMMANDS" in reason
            assert other.out == []

            confirmed = await other.started(accept_lost_commands=True)
            await other.outcome("new4")
            assert await confirmed.stop() == 0
            await other.started()
            await send(other, "more", 1)
            await other.outcome("more0")
