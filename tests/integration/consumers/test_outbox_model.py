"""Random histories of the outbox with late commits, refusals, kills and lost sessions: all messages are published."""

import asyncio
import random
from collections import defaultdict

import pytest

from consumers.relay import held_retry
from service.contract.message import Message
from service.settings import Settings
from service.store import frame, held_store, outbox_store
from service.store.pool import Connection as Database
from tests.integration.consumers.model import GROUPS, Model
from tests.integration.consumers.test_refusals import nothing_held
from tests.integration.consumers.test_relay import empty
from tests.support.wait import eventually

CHUNK = 60
FRAME = 12
RETRY = "NOTIFY producer_registry_outbox, 'retry'"


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reduce limits, so that a short history has many chunks, frames and pages."""
    for module in (outbox_store, held_store):
        monkeypatch.setattr(module, "CHUNK_MESSAGES", CHUNK)
    monkeypatch.setattr(frame, "FRAME_MESSAGES", FRAME)
    monkeypatch.setattr(outbox_store, "FRAME_MESSAGES", FRAME)
    monkeypatch.setattr(held_store, "HELD_ROWS", 3)
    monkeypatch.setattr(held_retry, "RETRY_SECONDS", 0.3)
    # On a busy machine a pass takes seconds, and twenty times that exceeds the time-out of the test.
    monkeypatch.setattr(held_retry, "REST_FACTOR", 1)


def first_deliveries(delivered: list[Message]) -> list[Message]:
    """Return the first delivery of each message, in order."""
    first: dict[str, Message] = {}
    for message in delivered:
        first.setdefault(message.id, message)
    return list(first.values())


def check_order(first: list[Message]) -> None:
    """Check that each topic and key is in the order of positions."""
    by_key: dict[tuple[str, bytes], list[int]] = defaultdict(list)
    for message in first:
        if message.key is not None:
            by_key[message.topic, message.key].append(message.position)
    for tp, actual in by_key.items():
        assert actual == sorted(actual), f"{tp} is out of order"


def check_versions(first: list[Message]) -> None:
    """Check that the events of each group have all versions in order."""
    versions: dict[str, list[int]] = defaultdict(list)
    for message in first:
        version = dict(message.headers).get("ce_entityversion")
        if message.aggregatetype == "group" and version is not None and "snapshot" not in message.type:
            versions[message.aggregateid].append(int(version))
    assert len(versions) == GROUPS
    for actual in versions.values():
        assert actual == list(range(1, len(actual) + 1))


@pytest.mark.parametrize("seed", range(5))
async def test_every_message_is_published_in_order_despite_all_faults(
    settings: Settings, database: Database, seed: int
) -> None:
    model = Model(settings, database, random.Random(seed))
    await model.begin()
    async with model.troubled():
        await asyncio.gather(
            *(model.write(number) for number in range(2)),
            *(model.write_late(number) for number in range(2)),
            model.resend(),
        )
    await database.execute(RETRY)
    ids = model.broker.ids
    total = model.counted + len(model.written)
    await eventually(lambda: empty(database), what="an empty outbox")
    # What comes to be held after that waits for twenty times the length of a pass, which is long on a busy machine.
    await eventually(lambda: nothing_held(database), deadline=150, what="an empty table of held messages")
    await eventually(lambda: all(process.health.notes() == {} for process in model.processes), what="no notes")
    for process in model.processes:
        await process.stop()
    assert len(set(ids())) == total, f"seed {seed}"
    assert set(model.written) <= set(ids())
    first = first_deliveries(model.broker.delivered)
    check_order(first)
    check_versions(first)
    assert len(ids()) - total <= 2 * CHUNK * model.ended
