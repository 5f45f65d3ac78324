"""Commands that wait for their references, in processes with a real broker and a real database."""

import asyncio
import secrets
from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.acceptance.test_commands import SOURCE, client, status
from tests.acceptance.test_http_writes import client as writing_client
from tests.support.database import made_database, url_of
from tests.support.inbox import times_decided
from tests.support.ladder import Rung
from tests.support.measured import measured
from tests.support.process import Service
from tests.support.registry import Registry, registry_settings
from tests.support.wait import eventually

ADD = {"producerCode": {"id": "c"}}
EAST = {"type": "region", "value": "East"}
LONG = 3600


class Waiting:
    """A registry with one process whose commands may wait for an hour, and a session of its database."""

    def __init__(self, registry: Registry, service: Service, database: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.registry, self.service, self.database = registry, service, database

    async def counted(self, count: int) -> None:
        """Wait until so many commands wait."""
        await counted(self.database, count)


async def counted(database: "asyncpg.Connection[asyncpg.Record]", count: int) -> None:
    """Wait until so many commands wait."""

    async def reached() -> bool:
        return bool(await database.fetchval("SELECT count(*) FROM waiting_command") == count)

    await eventually(reached, what=f"{count} waiting commands")


async def founded(registry: Registry) -> None:
    """Create an organization, a role and a group."""
    await registry.accepted("organization.put", "o", {"displayName": "O"}, id="o")
    await registry.accepted("role.put", "r", {"displayName": "R"}, id="r")


async def create_group(registry: Registry, name: str) -> None:
    """Create a group."""
    region = {"type": "region", "value": "West", "distributor_id": "o"}
    await registry.accepted("group.create", name, region, id=f"create-{name}")


async def create_code(registry: Registry, name: str) -> None:
    """Send the command that creates a code."""
    code = {"code": name, "organization": {"id": "o"}, "roles": [{"id": "r"}]}
    await registry.command("producer-code.create", name, code, id=f"create-{name}", key="another")


def in_order(registry: Registry, *ids: str) -> bool:
    """Return whether the decisions of these commands are in this order.

    A repeat with another key has an outcome that may arrive first, because only outcomes of a key have an order.
    """
    decided = [[out for out in registry.outcomes(id_) if "ce_replayed" not in out.text] for id_ in ids]
    positions = [int(outcome.text["ce_sequence"]) for [outcome] in decided]
    return positions == sorted(positions)


@pytest.fixture(scope="module")
async def waiting(
    postgres_url: str,
    database_template: str,
    kafka_bootstrap: str,
    broker_rung: Rung,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Waiting]:
    folder = tmp_path_factory.mktemp("registry")
    prefix = f"test-{secrets.token_hex(6)}"
    async with made_database(postgres_url, database_template) as name:
        url = url_of(postgres_url, name)
        settings = registry_settings(url, kafka_bootstrap, prefix, folder, idempotent=broker_rung.is_apache)
        async with Registry(settings, folder).open() as registry:
            service = await registry.started(reference_wait_seconds=LONG)
            await founded(registry)
            connection = await asyncpg.connect(url)
            yield Waiting(registry, service, connection)
            await connection.close()
            assert await service.stop() == 0, service.last_lines()


async def test_a_command_that_comes_before_its_reference_is_accepted_and_later_ones_follow_in_order(
    waiting: Waiting,
) -> None:
    registry = waiting.registry
    await create_group(registry, "first")
    add = {"producerCode": {"id": "first-c"}}
    await registry.command("group.add-producer-code", "first", add, id="add")
    await waiting.counted(1)
    # Other partitions have no order with the first one, so these come after it began to wait.
    await registry.command("group.update", "first", EAST, id="update", key="other")
    await registry.command("group.add-producer-code", "first", add, id="add", key="other")
    await create_group(registry, "second")
    await waiting.counted(3)
    assert registry.outcomes("add") == registry.outcomes("update") == []

    async def shown() -> bool:
        return await measured(waiting.service.admin_port, "producer_registry_waiting_commands") == 3

    await eventually(shown, what="the number of waiting commands on /metrics")
    assert await measured(waiting.service.admin_port, "producer_registry_commands_total", result="waiting") == 3

    await create_code(registry, "first-c")
    # The two records have different keys, so there is no order between their outcomes.
    outcomes = await registry.outcomes_when("add", 2)
    first, again = sorted(outcomes, key=lambda outcome: "ce_replayed" in outcome.text)
    update = await registry.outcome("update")

    assert first.text["ce_type"] == "producer-registry.command.accepted.v1"
    assert (again.value, again.text["ce_replayed"]) == (first.value, "true")
    assert [out.text["ce_entityversion"] for out in await registry.events_when("first", 3)] == ["1", "2", "3"]
    assert update.data["version"] == 3
    assert in_order(registry, "create-first-c", "add", "update")
    await waiting.counted(0)


async def test_a_command_is_rejected_at_its_deadline_and_the_later_ones_are_decided(waiting: Waiting) -> None:
    registry = waiting.registry
    await create_group(registry, "late")
    await registry.command("group.add-producer-code", "late", {"producerCode": {"id": "nobody"}}, id="late-add")
    await registry.command("group.update", "late", EAST, id="late-update")
    await waiting.counted(2)
    await waiting.database.execute("UPDATE waiting_command SET deadline = now()")

    update, rejected = await registry.outcome("late-update"), await registry.outcome("late-add")

    assert [error["code"] for error in rejected.data["problem"]["errors"]] == ["reference-not-found"]
    assert update.data["version"] == 2
    assert in_order(registry, "late-add", "late-update")


async def test_over_http_a_command_is_pending_while_it_waits_and_a_request_waits_with_it(waiting: Waiting) -> None:
    registry, service = waiting.registry, waiting.service
    await create_group(registry, "web")
    add = {"producerCode": {"id": "web-c"}}
    place = await registry.command("group.add-producer-code", "web", add, id="sent", source=SOURCE)
    await waiting.counted(1)
    path, body = "/admin/v1/groups/web/producer-codes", {"data": {"attributes": add}}
    async with client(registry, service) as reader, writing_client(registry, service) as writer:
        assert await status(reader, "sent", place) == "pending"
        answer = await reader.get("/commands", params={"source": SOURCE, "id": "sent"})
        assert (answer.status_code, answer.json()) == (200, {"status": "pending"})
        later = await writer.post(path, json=body, headers={"Idempotency-Key": "later", "Prefer": "respond-async"})
        assert later.status_code == 202, later.text
        waits = asyncio.create_task(
            writer.post(path, json=body, headers={"Idempotency-Key": "now", "Prefer": "wait=30"})
        )
        await waiting.counted(3)
        assert (await writer.get(later.headers["location"])).json() == {"status": "pending"}
        await create_code(registry, "web-c")
        answered = await waits
        assert answered.status_code == 200, answered.text
        assert (await writer.get(later.headers["location"])).json()["status"] == "unchanged"
        assert await status(reader, "sent", place) == "accepted"


async def test_waiting_commands_are_decided_once_when_a_process_dies_and_waiting_is_switched_off(
    registry: Registry, database_url: str
) -> None:
    database = await asyncpg.connect(database_url)
    dying = await registry.started(reference_wait_seconds=LONG, failpoints="before_waiting_commit=kill")
    await founded(registry)
    await create_group(registry, "g")
    await create_group(registry, "h")
    await registry.command("group.add-producer-code", "g", ADD, id="add")
    await registry.command("group.add-producer-code", "h", {"producerCode": {"id": "nobody"}}, id="never")
    await counted(database, 2)
    await create_code(registry, "c")
    assert await dying.gone(30), "the process dies before the decision is committed"
    assert await times_decided(database, "add") == 0

    await registry.started()
    assert (await registry.outcome("add")).text["ce_type"] == "producer-registry.command.accepted.v1"
    assert (await registry.outcome("never")).data["problem"]["code"] == "reference-not-found"
    await registry.accepted("group.update", "g", EAST, id="update")
    assert [out.text["ce_entityversion"] for out in await registry.events_when("g", 3)] == ["1", "2", "3"]
    await counted(database, 0)
    await database.close()
