"""Each privilege of deploy/roles.sql is needed: without it work stops, nothing is lost, and the message names it."""

import contextlib
import re
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from service.http.development_key import sign
from tests.support.acl import Acl
from tests.support.broker_admin import BrokerAdmin, Kind, Operation, Pattern
from tests.support.database_roles import FILE, OWNER, READER, RELAY, WRITER, as_role, privileges, run
from tests.support.http_client import http_client
from tests.support.least_privilege import LeastPrivilegeRegistry, allow
from tests.support.process import Service
from tests.support.wait import eventually
from tests.support.watch import reported
from tests.support.wave import Waves

pytestmark = pytest.mark.timeout(1800)
"""There are up to fifty privileges, and a process notices each one only after a moment."""

NOT_BY_WAVES = {
    ("INSERT", "outbox_held"),
    ("DELETE", "outbox_held"),
    ("INSERT", "outbox_frame"),
    ("DELETE", "inbox"),
    ("DELETE", "inbox_sender"),
    # Only a batch with a new sender needs it.
    ("INSERT", "inbox_sender"),
    *((privilege, "waiting_command") for privilege in ("SELECT", "INSERT", "UPDATE", "DELETE")),
}
"""Privileges for refused messages, for the rest of a frame, the sweep and commands that wait; see test_roles.py."""

PATHS = (
    "/account/v1/producer-codes",
    "/admin/v1/producer-codes",
    "/admin/v1/producer-codes/code-3",
    "/admin/v1/organizations/organization-2",
    "/admin/v1/organizations/organization-2/producer-codes",
    "/admin/v1/roles/role-2",
    "/admin/v1/groups/group-3/producer-codes",
    "/admin/v1/users/user-3/producer-codes",
    "/groups?distributor_id=organization-2",
    "/groups/group-3",
    "/producers?distributor_id=organization-2",
    "/producers/user-3",
)


async def named(services: Sequence[Service], pattern: str) -> None:
    """Wait until a process is not ready for a reason with this pattern."""

    async def is_named() -> bool:
        for service in services:
            with contextlib.suppress(OSError, EOFError):
                status, parts = await reported(service)
                if status == 503 and any(re.search(pattern, reason) for reason in parts.values()):
                    return True
        return False

    await eventually(is_named, deadline=60, what=f"a process that names {pattern!r}")


def text_of(role: str, privilege: str, name: str) -> str:
    """Return the pattern of a message that names the role, the privilege and the table or sequence."""
    return rf"role {role} (lacks|needs) [^;]*\b{privilege} on (the (table|sequence) )?{name}\b"


async def without(url: str, role: str, revoked: str) -> None:
    """Revoke a privilege, and end the sessions of the role, which check some privileges at their start."""
    await run(url, f"REVOKE {revoked} FROM {role}")
    await run(url, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'")  # noqa: S608  # a fixed name


async def restored(url: str) -> None:
    """Grant everything again."""
    await run(as_role(url, OWNER), FILE.read_text())


async def stopped_by_each_privilege(
    registry: LeastPrivilegeRegistry, url: str, role: str, services: Sequence[Service]
) -> None:
    """Revoke each privilege of a role in turn while its processes work."""
    waves = Waves(registry)
    await waves.begin()
    database = url.rpartition("/")[2].partition("?")[0]
    cases = [
        (f"{privilege} ON {name}", text_of(role, privilege, name))
        for privilege, name in await privileges(url, role)
        if (privilege, name) not in NOT_BY_WAVES
    ]
    cases += [
        ("USAGE ON SCHEMA public", f"role {role} lacks USAGE on the schema public"),
        (f"CONNECT ON DATABASE {database}", f"role {role} lacks CONNECT"),
    ]
    for revoked, pattern in cases:
        await without(url, role, revoked)
        await waves.send()
        await named(services, pattern)
        assert registry.dead_letters == [], revoked
        await restored(url)
        await waves.decided()
        for service in services:
            await registry.ready(service)
    assert registry.dead_letters == []


async def test_the_writer_needs_each_privilege(registry: LeastPrivilegeRegistry, database_url: str) -> None:
    writer = as_role(database_url, WRITER)
    services = await registry.started_all(("--role", "consumers"), ("--role", "relay"), database_url=writer)
    await stopped_by_each_privilege(registry, database_url, WRITER, services)


async def test_the_relay_needs_each_privilege(registry: LeastPrivilegeRegistry, database_url: str) -> None:
    _, relay = await registry.started_all(("--role", "consumers"), ("--role", "relay"))
    await stopped_by_each_privilege(registry, database_url, RELAY, [relay])


async def test_the_relay_needs_the_privileges_for_messages_that_the_broker_refuses(
    registry: LeastPrivilegeRegistry, admin: BrokerAdmin, database_url: str
) -> None:
    topic = f"{registry.topics.prefix}.replies"
    await admin.create(topic)
    write = Acl("registry-relay", Kind.TOPIC, topic, Pattern.LITERAL, Operation.WRITE)
    _, relay = await registry.started_all(("--role", "consumers"), ("--role", "relay"), reply_topics=topic)
    await without(database_url, RELAY, "INSERT ON outbox_held")
    await registry.command("organization.put", "held:1", {"displayName": "Held"}, id="held", replyto=topic)
    await named([relay], text_of(RELAY, "INSERT", "outbox_held"))
    await restored(database_url)

    async def is_held() -> bool:
        return topic in (await reported(relay))[1]["relay"]

    await eventually(is_held, deadline=60, what="held messages")
    await without(database_url, RELAY, "DELETE ON outbox_held")
    await allow(admin, write)
    await named([relay], text_of(RELAY, "DELETE", "outbox_held"))
    await restored(database_url)
    await registry.ready(relay)
    await eventually(lambda: _is_released(relay, topic), deadline=60, what="released messages")


async def _is_released(relay: Service, topic: str) -> bool:
    status, parts = await reported(relay)
    return status == 200 and topic not in parts["relay"]


async def test_the_reader_needs_each_privilege(registry: LeastPrivilegeRegistry, database_url: str) -> None:
    consumers, relay = await registry.started_all(("--role", "consumers"), ("--role", "relay"))
    waves = Waves(registry)
    await waves.begin()
    place = await registry.command("role.put", "role-x", {"displayName": "X"}, id="x", source="/x")
    await registry.outcome("x")
    for service in (consumers, relay):
        assert await service.stop() == 0
    api = await registry.started("--role", "api")
    queries = [*PATHS, f"/commands?source=/x&id=x&partition={place[0]}&offset={place[1]}"]
    queries.append(f"/commands?source=/x&id=unknown&partition={place[0]}&offset={place[1]}")
    token = sign(
        Path(str(registry.settings["jwks"])).parent,
        subject="user-3",
        scope="account:read admin:read",
        audience="producer-registry",
        issued_at=int(time.time()),
    )
    async with http_client(api.api_port, headers={"Authorization": f"Bearer {token}"}) as client:

        async def statuses() -> set[int]:
            return {(await client.get(query)).status_code for query in queries}

        found = {query: (await client.get(query)).status_code for query in queries}
        assert set(found.values()) == {200}, found
        for privilege, name in await privileges(database_url, READER):
            await without(database_url, READER, f"{privilege} ON {name}")
            codes = await statuses()
            await named([api], text_of(READER, privilege, name))
            # Only readiness reads this table.
            assert name == "schema_migrations" or 503 in codes, (name, codes)
            await restored(database_url)
            await registry.ready(api)
            assert await statuses() == {200}
    assert await api.stop() == 0, api.last_lines()
