"""Plan guards of the writer: on a registry of production size a statement reads the rows that it needs, and no others.

Each statement is planned both ways PostgreSQL may choose: for these very values, and for any.
"""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from unittest.mock import AsyncMock

import asyncpg
import pytest

from service.core.waiting import Reference
from service.settings import Settings
from service.store import command_store
from service.store.batch_output import BATCH_END
from service.store.command_store import CommandStore
from service.store.pool import BY_KEY, connect
from service.store.state_statement import STATEMENTS
from service.store.statement import statement
from service.store.waiting_command import WaitPolicy
from service.store.waiting_store import WaitingStore
from tests.integration.store.conftest import ALL, ORIGIN
from tests.support import database
from tests.support.outbox import stored_messages
from tests.support.reading import Reading
from tests.support.record import TOPICS, Log
from tests.support.touched import pages_touched

COMPOSED = {**STATEMENTS, "batch_end": BATCH_END}
COUNT = 20
"""Commands of each kind in a batch."""


@pytest.fixture(scope="module")
async def populated(postgres_url: str, database_template: str) -> AsyncIterator[str]:
    """The name of a database with a registry of production size, to be copied."""
    file = Path(__file__).parent / "population.sql"
    async with database.filled_database(postgres_url, database_template, file) as name:
        yield name


def changes() -> Log:
    """Commands that load and save every kind of row that batches share, and commands that were decided before."""
    log = Log()
    for n in range(COUNT):
        organization, code = {"id": f"org:{n}"}, {"producerCode": {"id": f"code:{n}"}}
        other = {"producerCode": {"id": f"code:{n + 4000}"}}
        roles = [{"id": f"role:{n}"}]
        new = {"code": f"new-{n}", "organization": organization, "roles": roles}
        person = {"name": "N", "email": "n@example.com", "organization": organization, "username": f"new-{n}"}
        log.send(f"a{n}", "producer-code.create", f"code:new-{n}", new)
        log.send(f"b{n}", "producer-code.update", f"code:{n}", {"terminationDate": "2040-01-01"})
        log.send(f"held-{n}", "producer-code.update", f"code:{n + 2000}", {"terminationDate": "2040-01-01"})
        log.send(
            f"c{n}", "group.create", f"group:new-{n}", {"type": "region", "value": "W", "distributor_id": f"org:{n}"}
        )
        log.send(f"d{n}", "group.update", f"group:{n}", {"type": "region", "value": "West"})
        log.send(f"e{n}", "group.remove-producer-code", f"group:{n}", code)
        log.send(f"f{n}", "group.add-producer-code", f"group:{n}", other)
        log.send(f"g{n}", "user.create", f"user:new-{n}", person)
        log.send(f"h{n}", "user.update", f"user:{n}", {"username": f"other-{n}"})
        log.send(f"i{n}", "user.remove-producer-code", f"user:{n}", code)
        log.send(f"j{n}", "user.add-producer-code", f"user:{n}", other)
        log.send(f"old-{n}", "group.update", f"group:{n}", {"type": "region", "value": "East"})
    return log


def directory() -> Log:
    """Commands that put what is in the directory; one organization changes its status."""
    log = Log(TOPICS.operator_commands)
    for n in range(COUNT):
        status = {"producerStatus": {"code": "Suspended"}} if n == 0 else {}
        log.send(f"a{n}", "organization.put", f"org:{n}", {"displayName": f"Other {n}", **status})
        log.send(f"b{n}", "branch.put", f"branch:{n}", {"branchCode": "1", "displayName": "Other"})
        log.send(f"c{n}", "role.put", f"role:{n}", {"displayName": "Other"})
        log.send(f"d{n}", "product.put", f"product:{n}", {"name": "O", "institution_id": "i", "product_line": "l"})
        log.send(f"e{n}", "group.grant-product", f"group:{n}", {"product_id": "product:7"})
    return log


# How many rows each statement may read of each table, all keys of a batch together: those it was asked for.
CHANGES: dict[str, dict[str, int]] = {
    "offset_mark_claim": {"offset_mark": 1},
    "inbox_find": {"inbox": COUNT, "inbox_sender": 1},
    "group_load": {"registry_group": COUNT},
    "user_load": {"registry_user": COUNT},
    "producer_code_load": {"producer_code": 3 * COUNT},
    "unlocked_load": {"organization": COUNT, "role": COUNT, "user_producer_code": COUNT, "group_producer_code": COUNT},
    "group_save": {"registry_group": COUNT},
    "user_release_username": {"registry_user": COUNT},
    "user_save": {"registry_user": COUNT},
    "producer_code_save": {"producer_code": 2 * COUNT},
    "user_association_remove": {"user_producer_code": COUNT},
    "group_association_remove": {"group_producer_code": COUNT},
    "association_usability": {"user_producer_code": COUNT, "group_producer_code": COUNT},
    "offset_mark_move": {"offset_mark": 1},
}
DIRECTORY: dict[str, dict[str, int]] = {
    "offset_mark_claim": {},
    "inbox_find": {},
    "inbox_sender_add": {},
    "group_load": {"registry_group": COUNT},
    "unlocked_load": {"organization": COUNT, "branch": COUNT, "role": COUNT, "product": COUNT},
    "organization_save": {"organization": COUNT},
    "branch_save": {"branch": COUNT},
    "role_save": {"role": COUNT},
    "product_save": {"product": COUNT},
    "group_save": {"registry_group": COUNT},
    # The codes of the one organization whose status changed, and who holds them.
    "organization_usability": {"producer_code": 4, "user_producer_code": 2, "group_producer_code": 2},
    # Nobody started this partition before: its mark is read in the place where it was just written.
    "batch_end": {"offset_mark": 2},
}

INBOX_PAGES = 10
"""Pages of the inbox that a command may touch: the look for its id, and its own row with the entry in the index."""


def _exceeds(rows: dict[str, int], most: dict[str, int]) -> bool:
    return any(number > most.get(table, 0) for table, number in rows.items())


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_statements_of_a_batch_read_the_rows_that_they_need(
    postgres_url: str, populated: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.made_database(postgres_url, populated) as name:
        settings = Settings(database_url=database.url_of(postgres_url, name))
        reading = Reading(await connect(settings, "writer", BY_KEY))
        await reading.session.execute(f"SET plan_cache_mode = {mode}")
        monkeypatch.setattr(command_store, "connect_writer", AsyncMock(return_value=reading))
        store = CommandStore(settings, TOPICS, origin=ORIGIN, held=lambda: ALL)
        looking = await asyncpg.connect(settings.database_url)
        for log, most in ((changes(), CHANGES), (directory(), DIRECTORY)):
            reading.rows.clear()
            batch = log.read()
            pages = await pages_touched(reading.session, looking, partial(store.apply, batch))
            outcomes = [m.type for m in await stored_messages(looking) if m.aggregatetype == "outcome"]
            assert outcomes.count("producer-registry.command.rejected.v1") == 0

            read = {name: reading.rows.pop(COMPOSED.get(name) or statement(name)) for name in most}
            assert {name: rows for name, rows in read.items() if _exceeds(rows, most[name])} == {}
            assert all(query.startswith(("BEGIN", "COMMIT")) for query in reading.rows), "every statement has numbers"
            assert pages["inbox"] <= INBOX_PAGES * len(batch)
        await looking.close()
        await store.close()


WAITING = """
    INSERT INTO waiting_command (kind, subject, reference_kind, reference_id, received_at, deadline, source, command_id,
        topic, partition, record_offset, value, header_names, header_values)
    SELECT 'group', 'waiting:' || n / 2, CASE n % 2 WHEN 0 THEN 'producer-code' END,
        CASE n % 2 WHEN 0 THEN 'missing:' || n END, now(), now() + interval '1 hour', '/waiting', 'w' || n,
        $1, 0, n, '{}', '{}', '{}'
    FROM generate_series(0, 19999) AS n
"""
SUBJECTS = frozenset(Reference("group", f"waiting:{n}") for n in range(COUNT))
REFERENCES = frozenset(Reference("producer-code", f"missing:{n}") for n in range(0, 2 * COUNT, 2))


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_statements_about_waiting_commands_read_the_rows_that_they_need(
    postgres_url: str, populated: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.made_database(postgres_url, populated) as name:
        settings = Settings(database_url=database.url_of(postgres_url, name))
        reading = Reading(await connect(settings, "writer", BY_KEY))
        await reading.session.execute(f"SET plan_cache_mode = {mode}")
        await reading.session.execute(WAITING, TOPICS.commands)
        monkeypatch.setattr(command_store, "connect_writer", AsyncMock(return_value=reading))
        policy = WaitPolicy(3600.0, 100_000)
        store = CommandStore(settings, TOPICS, origin=ORIGIN, held=lambda: ALL, policy=policy)
        waiting = WaitingStore(settings, TOPICS, origin=ORIGIN, held=lambda: ALL, policy=policy)
        log = changes()
        for number in range(COUNT):
            log.send(f"x{number}", "group.update", f"waiting:{number}", {"type": "region", "value": "East"})
        assert (await store.apply(log.read())).waiting == COUNT
        assert reading.rows[statement("waiting_find")].get("waiting_command", 0) <= 2 * COUNT

        async with reading.session.transaction():
            assert await waiting.due(REFERENCES, SUBJECTS) == []
        found = reading.rows[statement("waiting_due")]
        # The rows that wait for a reference, and the first ones of their subjects.
        assert found.get("waiting_command", 0) <= 4 * COUNT
        # The records of the rows that this test wrote are no commands.
        assert (await waiting.decide(SUBJECTS, 3 * COUNT)).dead_letters == 2 * COUNT
        assert reading.rows[statement("waiting_take")] == {"waiting_command": 3 * COUNT}
        await store.close()
        await waiting.close()
