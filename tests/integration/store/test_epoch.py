"""Positions of a later epoch are behind all positions of the previous one."""

import asyncpg

from service.settings import Settings
from service.store.command_store import CommandStore
from service.store.position import BLOCK, EPOCH
from tests.integration.store.conftest import ORIGIN
from tests.support.record import TOPICS, Log


async def test_positions_rise_when_the_counter_is_restarted_in_the_next_epoch(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    store, log = CommandStore(settings, TOPICS, origin=ORIGIN), Log(TOPICS.operator_commands)
    sequences: list[str] = []
    for epoch in (1, 2):
        log.send(f"c{epoch}", "role.put", f"role-{epoch}", {"displayName": "Role"})
        applied = await store.apply(log.read())
        assert {m.position // BLOCK // EPOCH for m in applied.messages} == {epoch}
        sequences += [(dict(m.headers)["ce_sequence"] or b"").decode() for m in applied.messages]
        await database.execute(f"ALTER SEQUENCE outbox_block RESTART WITH {(epoch + 1) * EPOCH + 1}")
    await store.close()
    assert sequences == sorted(sequences)
    assert {len(sequence) for sequence in sequences} == {20}
    assert sequences[0].startswith("00010")
