"""Faults of Apache Kafka only: nodes stopped and killed, topics changed during a run, a full disk."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from consumers.kafka.client import REQUEST_TIMEOUT_MS
from service.stack.apache.cluster import Apache
from tests.chaos.fault import fault
from tests.chaos.run import Run
from tests.support.wait import eventually

ADDED = 6
MORE_COMMANDS = 20
AWAY_SECONDS = REQUEST_TIMEOUT_MS / 1000 + 2


@asynccontextmanager
async def _admin(run: Run) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=run.site.bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


def _kafka(run: Run) -> Apache:
    assert isinstance(run.site.kafka, Apache)
    return run.site.kafka


@fault("broker stopped and started", 7, 9, brokers=("apache",), seconds=6.0, alone=True)
async def restarted(run: Run) -> None:
    await _restart(run, signal.SIGTERM)


@fault("broker killed and started", 7, 9, brokers=("apache",), seconds=6.0, alone=True)
async def killed(run: Run) -> None:
    await _restart(run, signal.SIGKILL)


async def _restart(run: Run, number: signal.Signals) -> None:
    await run.progress(0.3)
    node = run.random.choice(_kafka(run).nodes)
    stopped = time.monotonic()
    await node.stop(number, seconds=20)
    await _kafka(run).start()
    await _note_recovery(run, f"broker unavailable for {time.monotonic() - stopped:.1f} s")


async def _note_recovery(run: Run, what: str) -> None:
    """Note the seconds after the broker's return until the senders, the decisions and the relay continue."""
    back = time.monotonic()
    sent, decided, newest = run.driver.acknowledged, await run.decided(), await run.newest()

    async def deciding() -> bool:
        return await run.decided() > decided

    async def published() -> bool:
        return not await run.waiting(newest)

    # The history may have ended before the broker returned, so more commands are needed.
    more = asyncio.create_task(run.send_more(MORE_COMMANDS))
    steps: dict[str, Callable[[], Awaitable[bool]]] = {"decided": deciding, "published": published}
    await eventually(lambda: run.driver.acknowledged > sent, deadline=60, what="a record sent after the return")
    description = [f"sent {time.monotonic() - back:.1f}"]

    async def wait(name: str) -> None:
        await eventually(steps[name], deadline=60, what=f"a command {name} after the return")
        description.append(f"{name} {time.monotonic() - back:.1f}")

    await asyncio.gather(more, *map(wait, steps))
    run.notes.append(f"{what}; seconds until recovery: {', '.join(description)}")


@fault("one node after the other", 7, 9, brokers=("apache",), nodes=3, seconds=20.0, alone=True)
async def rolled(run: Run) -> None:
    for node in _kafka(run).nodes:
        await node.stop(signal.SIGTERM, seconds=20)
        await _kafka(run).start()


@fault("two of three nodes away", 7, 9, 27, brokers=("apache",), nodes=3, seconds=25.0, alone=True)
async def outnumbered(run: Run) -> None:
    # No leader accepts a record, and the last node cannot elect others, for longer than the request time-out.
    await run.progress(0.3)
    lost = run.random.sample(_kafka(run).nodes, 2)
    for node in lost:
        await node.stop(signal.SIGKILL, seconds=20)
    await eventually(run.any_unready, deadline=60, what="a process that is not ready")
    await asyncio.sleep(AWAY_SECONDS)
    await _kafka(run).start()
    await _note_recovery(run, "two of three nodes away")


@fault("disk of the broker full", 18, brokers=("apache",), seconds=6.0, alone=True, broker_disk=True)
async def full(run: Run) -> None:
    # A broker whose only disk fails stops; its operator frees space and starts it again.
    disk, node = run.site.kafka_disk, _kafka(run).nodes[0]
    assert disk is not None
    await run.progress(0.3)
    disk.fill()
    try:
        await eventually(lambda: not node.alive(), what="a broker that stops because its disk is full")
    finally:
        disk.free()
    await _kafka(run).start()
    await _note_recovery(run, "disk of the broker full")


@fault("a topic takes only short messages", 27, brokers=("apache",), seconds=4.0, alone=True)
async def refused(run: Run) -> None:
    await run.progress(0.3)
    await _limit(run, 200)

    try:
        await eventually(run.held, what="held messages")
        # Only the outcomes that are too long wait; the service goes on with the others.
        assert not await run.any_unready(), "not ready because of held messages"
        await asyncio.sleep(1.0)
    finally:
        await _limit(run, 2_000_000)


async def _limit(run: Run, limit: int) -> None:
    config = {"max.message.bytes": str(limit)}
    async with _admin(run) as admin:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, run.topics.outcomes, configs=config)])


async def _add_partitions(run: Run) -> None:
    # Before partitions are added, all sent commands have to be decided: keys move to other partitions.
    await run.scene.quiet()
    async with _admin(run) as admin:
        await admin.create_partitions({topic: NewPartitions(ADDED) for topic in run.scene.inputs})
    await run.new_driver()


@fault("partitions added", 24, brokers=("apache",), before=_add_partitions, alone=True)
async def added(run: Run) -> None:
    await run.progress(1.0)
