"""Commands that the broker deleted before they were decided: the service stops with an alarm."""

import signal

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from tests.support.process import Service
from tests.support.registry import Registry

SUBJECT = "gone:1"
NAME = {"displayName": "Gone"}


async def send(registry: Registry, *ids: str) -> TopicPartition:
    """Send commands with one key. Return their partition."""
    for id_ in ids:
        partition, _ = await registry.command("organization.put", SUBJECT, NAME, id=id_)
    return TopicPartition(registry.topics.operator_commands, partition)


async def delete(registry: Registry, partition: TopicPartition) -> None:
    """Delete all current records of a partition."""
    admin = AIOKafkaAdminClient(bootstrap_servers=str(registry.settings["kafka_bootstrap_servers"]))
    await admin.start()
    try:
        await admin.delete_records({partition: RecordsToDelete(-1)})
    finally:
        await admin.close()


async def alarmed(service: Service) -> None:
    """Check that the service exits and logs the reason."""
    assert await service.gone(60), service.last_lines()
    assert service.code not in (0, -9), service.code
    assert "undecided records are gone" in service.log.read_text()


async def test_a_service_does_not_start_after_deleted_commands_until_the_loss_is_accepted(
    registry: Registry,
) -> None:
    service = await registry.started()
    await registry.accepted("organization.put", SUBJECT, NAME, id="before")
    assert await service.stop() == 0
    await delete(registry, await send(registry, "lost-1", "lost-2"))
    service.start()
    await alarmed(service)
    await registry.started(accept_lost_commands=True)
    await registry.command("organization.put", SUBJECT, {"displayName": "Here"}, id="after")
    await registry.outcome("after")
    assert not registry.outcomes("lost-1")


async def test_a_running_service_stops_when_undecided_commands_are_deleted(registry: Registry) -> None:
    service = await registry.started()
    await registry.accepted("organization.put", SUBJECT, NAME, id="before")
    service.send(signal.SIGSTOP)
    try:
        # The answer to a fetch in flight has a few of these records, but not all.
        await delete(registry, await send(registry, *(f"lost-{number}" for number in range(30))))
        await send(registry, "after")
    finally:
        service.send(signal.SIGCONT)
    await alarmed(service)
    assert not registry.outcomes("lost-29")
    assert not registry.outcomes("after")
