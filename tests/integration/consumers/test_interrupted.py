"""A relay that is stopped in the middle of a write to the outbox."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from consumers.relay.refusal import Refusal
from service.settings import Settings
from service.store import outbox_store
from service.store.pool import Connection as Database
from tests.integration.consumers.process import Broker, Process, takes_all
from tests.integration.consumers.test_relay import arrived
from tests.support.outbox import message, put

INVALID = Refusal("record", "INVALID_RECORD")


async def test_a_relay_that_is_stopped_while_it_holds_a_message_leaves_later_ones_of_the_key(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_store, "CHUNK_MESSAGES", 1)
    first = message(1)
    second = replace(message(2), key=first.key)
    for one in (first, second):
        await put(database, one)
    reached, broker = asyncio.Event(), Broker(refuses=lambda one: INVALID if one.id == first.id else None)
    process, successor = Process(settings, broker), Process(settings, broker)
    process.relay._end_seconds = 0.5
    settle = process.outbox.settle

    async def settle_and_hang(*changes: Any) -> None:
        await settle(*changes)
        reached.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(process.outbox, "settle", settle_and_hang)
    process.start()
    await reached.wait()
    broker.refuses = takes_all
    await process.stop()
    assert broker.ids() == []
    async with successor.running():
        await arrived(broker, 2)
    assert broker.ids() == [first.id, second.id]
