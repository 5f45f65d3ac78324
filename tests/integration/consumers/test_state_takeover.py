"""After a takeover the last state record of a key is its newest, also when the former relay's copy arrives late."""

import asyncio
from contextlib import AsyncExitStack

from consumers.relay.late_copies import LATE_SECONDS
from service.contract.message import Message
from service.settings import Settings
from service.store.pool import Connection as Database
from tests.integration.consumers.process import Broker, Process
from tests.integration.consumers.test_owners import delay_connect, end_sessions, relay_sessions
from tests.integration.consumers.test_relay import empty, held_all, operator_log, puts
from tests.support.wait import eventually


def of_key(broker: Broker, key: bytes) -> list[Message]:
    return [m for m in broker.delivered if m.aggregatetype == "state" and m.key == key]


async def test_the_newest_record_is_sent_again_behind_a_late_copy(settings: Settings, database: Database) -> None:
    broker, log = Broker(), operator_log()
    one, two, writer = (Process(settings, broker, states=True) for _ in range(3))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(writer.store.close)
        await stack.enter_async_context(one.running())
        await held_all(one)
        # The first relay has sent a record of every key, and waits for the answer when its session ends.
        one.publisher.gate.clear()
        puts(log, 3)
        await writer.apply(log.read())
        await eventually(lambda: bool(one.relay._chunk), what="a chunk")
        sessions = await relay_sessions(database)
        delay_connect(one)
        await end_sessions(database, sessions)
        # Until the test moves this clock, all that the second relay sends may be followed by a late copy.
        now = 0.0
        two.relay._late._monotonic = lambda: now
        await stack.enter_async_context(two.running())
        await held_all(two)
        puts(log, 3)
        await writer.apply(log.read())
        await eventually(lambda: empty(database), what="an empty outbox")
        keys = {m.key for m in broker.delivered if m.aggregatetype == "state" and m.key is not None}
        assert len(keys) == 3
        copies = {key: of_key(broker, key)[0] for key in keys}
        broker.delivered += copies.values()
        now = LATE_SECONDS

        async def repeated() -> bool:
            last = {key: of_key(broker, key)[-1].position for key in keys}
            return all(last[key] > copies[key].position for key in keys)

        await eventually(repeated, what="the newest records behind the late copies")
        await asyncio.gather(one.kill())
