"""Each ACL of deploy/acls.md is needed: without it work stops, nothing is lost, and the message names it."""

import json
import re
from functools import partial
from typing import Any

import pytest

from service.contract.topics import Topics
from tests.acceptance.test_http_writes import CODES, NEW, client, directory
from tests.support.acl import Acl, documented
from tests.support.broker_admin import BrokerAdmin, Operation, Pattern
from tests.support.least_privilege import LeastPrivilegeRegistry, allow, login, revoke
from tests.support.process import Service
from tests.support.program import Ended, program
from tests.support.registry import Out
from tests.support.wait import eventually
from tests.support.watch import reported

pytestmark = pytest.mark.timeout(900)

ORGANIZATION = {"displayName": "Organization"}


def text_of(acl: Acl) -> str:
    """Return the pattern of a message that names the operation and the resource."""
    name = re.escape(acl.name) + (r"[a-z.0-9-]+" if acl.pattern is Pattern.PREFIXED else "")
    return f"lacks {acl.operation.name} on the {acl.kind.name.lower()} {name}"


async def reports(service: Service, pattern: str) -> None:
    """Wait until the readiness of a process has a text with this pattern."""

    async def is_reported() -> bool:
        _, parts = await reported(service)
        return any(re.search(pattern, reason) for reason in parts.values())

    await eventually(is_reported, deadline=90, what=f"{pattern!r} from {service.name}")


def test_the_relay_may_write_to_each_topic_but_those_of_commands() -> None:
    topics = Topics("registry")
    written = {acl.name for acl in documented() if acl.user == "registry-relay" and acl.operation is Operation.WRITE}
    assert written == set(topics.all()) - {topics.commands, topics.operator_commands}


async def test_consumers_need_each_acl(registry: LeastPrivilegeRegistry, admin: BrokerAdmin, acls: list[Acl]) -> None:
    consumers, _ = await registry.started_all(("--role", "consumers"), ("--role", "relay"))
    await registry.accepted("organization.put", "before:1", ORGANIZATION, id="before")
    for number, acl in enumerate(acl for acl in acls if acl.user == "registry-consumers"):
        await revoke(admin, acl)
        await reports(consumers, text_of(acl))
        await registry.command("organization.put", f"while:{number}", ORGANIZATION, id=f"while-{number}")
        await allow(admin, acl)
        # The coordinator of the group is asked again after a pause.
        await eventually(partial(registry.outcomes, f"while-{number}"), deadline=90, what=f"the outcome after {acl}")
        await registry.ready(consumers)
    assert registry.dead_letters == []


async def test_the_relay_needs_each_acl(registry: LeastPrivilegeRegistry, admin: BrokerAdmin, acls: list[Acl]) -> None:
    _, relay = await registry.started_all(("--role", "consumers"), ("--role", "relay"))
    of_relay = [acl for acl in acls if acl.user == "registry-relay"]
    await create_one_of_each(registry, "before")
    [describe] = [acl for acl in of_relay if acl.operation is Operation.DESCRIBE]
    await revoke(admin, describe)
    await reports(relay, text_of(describe))
    await allow(admin, describe)
    await registry.ready(relay)
    writes = [acl for acl in of_relay if acl.operation is Operation.WRITE]
    for number, acl in enumerate(writes):
        count = len(of_topic(registry, acl.name))
        await revoke(admin, acl)
        await create_one_of_each(registry, f"while-{number}", wait=acl.name != registry.topics.outcomes)
        await reports(relay, rf"{re.escape(acl.name)} \([^)]*lacks WRITE on the topic")
        await allow(admin, acl)
        await eventually(partial(has_more_than, registry, acl.name, count), deadline=90, what=str(acl))
    # Each wave had one record that cannot be decoded.
    await eventually(lambda: len(registry.dead_letters) == len(writes) + 1, what="the dead letters")


def of_topic(registry: LeastPrivilegeRegistry, topic: str) -> list[Out]:
    """Return the records of a topic so far."""
    return [out for out in registry.out if out.topic == topic]


def has_more_than(registry: LeastPrivilegeRegistry, topic: str, count: int) -> bool:
    """Return whether more records than these have arrived on a topic."""
    return len(of_topic(registry, topic)) > count


async def create_one_of_each(registry: LeastPrivilegeRegistry, name: str, *, wait: bool = True) -> None:
    """Send commands with events on each topic, and a record that is a dead letter."""
    home = {"organization": {"id": f"o-{name}"}}
    await registry.command("organization.put", f"o-{name}", ORGANIZATION, id=f"o-{name}")
    await registry.command("role.put", f"r-{name}", ORGANIZATION, id=f"r-{name}")
    if wait:
        await registry.outcome(f"r-{name}")
    code = {"code": name, "roles": [{"id": f"r-{name}"}], **home}
    user = {"name": "Ann", "email": "ann@example.com", **home}
    group = {"type": "region", "value": "West", "distributor_id": f"o-{name}"}
    await registry.command("producer-code.create", f"c-{name}", code, id=f"c-{name}")
    await registry.command("user.create", f"u-{name}", user, id=f"u-{name}")
    await registry.command("group.create", f"g-{name}", group, id=f"g-{name}")
    await registry.send(registry.topics.commands, b"key", b"{", [])
    if wait:
        await registry.outcome(f"g-{name}")


async def test_the_api_needs_its_acl(registry: LeastPrivilegeRegistry, admin: BrokerAdmin, acls: list[Acl]) -> None:
    api = await registry.started()
    await directory(registry)
    [acl] = [acl for acl in acls if acl.user == "registry-api"]
    async with client(registry, api, Prefer="wait=30") as one:
        await revoke(admin, acl)
        refused = await one.post(CODES, json=NEW, headers={"Idempotency-Key": "one"})
        assert refused.status_code == 503
        assert "Nothing was published." in refused.json()["detail"]
        assert re.search(text_of(acl), api.log.read_text())
        await allow(admin, acl)
        created = await one.post(CODES, json=NEW, headers={"Idempotency-Key": "one"})
        assert created.status_code == 201, created.text
    assert await api.stop() == 0, api.last_lines()


async def test_topics_are_not_called_missing_or_right_when_they_cannot_be_seen(
    registry: LeastPrivilegeRegistry, admin: BrokerAdmin, acls: list[Acl]
) -> None:
    own = {acl.operation: acl for acl in acls if acl.user == "registry-topics"}
    assert (await topics(registry, "check")).code == 0
    assert (await topics(registry, "create")).code == 0
    for operation, text in (
        (Operation.DESCRIBE_CONFIGS, "settings not compared: the Kafka user lacks DESCRIBE_CONFIGS on the topic"),
        (Operation.DESCRIBE, "not seen: the Kafka user lacks DESCRIBE on the topic"),
    ):
        await revoke(admin, own[operation])
        ended = await topics(registry, "check")
        assert ended.code == 1
        assert {line.split()[0] for line in ended.lines} == {"unknown"}
        assert all(text in line for line in ended.lines), ended.out
        await allow(admin, own[operation])
    await revoke(admin, own[Operation.CREATE])
    new = registry.topics.prefix + ".new"
    refused = await topics(registry, "create", prefix=new)
    assert refused.code == 1
    assert f"lacks CREATE on the topic {new}." in refused.err


async def topics(registry: LeastPrivilegeRegistry, command: str, prefix: str = "") -> Ended:
    """Run `topics`."""
    return await run(registry, "registry-topics", "topics", command, prefix=prefix)


async def run(registry: LeastPrivilegeRegistry, user: str, *arguments: str, stdin: str = "", prefix: str = "") -> Ended:
    """Run a command as a Kafka user, with another prefix of the topics if one is given."""
    names = ("database_url", "kafka_bootstrap_servers", "topic_prefix", "partitions")
    settings: dict[str, Any] = {name: registry.settings[name] for name in names} | login(user)
    return await program(*arguments, stdin=stdin, **settings | ({"topic_prefix": prefix} if prefix else {}))


async def test_commands_name_each_acl_that_they_need(
    registry: LeastPrivilegeRegistry, admin: BrokerAdmin, acls: list[Acl]
) -> None:
    await registry.started_all(("--role", "consumers"), ("--role", "relay"))
    put = {"type": "organization.put", "subject": "o:1", "id": "o", "data": ORGANIZATION}
    region = {"type": "region", "value": "West", "distributor_id": "o:1"}
    create = {"type": "group.create", "subject": "g:1", "id": "g", "data": region}
    rows = "".join(f"{json.dumps(row)}\n" for row in (put, create))
    sender = [acl for acl in acls if acl.user == "registry-sender"]
    for acl in sender:
        await revoke(admin, acl)
        refused = await run(registry, "registry-sender", "send", "-", "--wait", stdin=rows)
        assert refused.code == 1, refused.out
        assert re.search(text_of(acl), refused.err), refused.err
        await allow(admin, acl)
    sent = await run(registry, "registry-sender", "send", "-", "--wait", stdin=rows)
    assert sent.code == 0, sent.err

    for topic in (registry.topics.commands, registry.topics.operator_commands):
        await registry.send(topic, b"key", b"{", [])
    await eventually(lambda: len(registry.dead_letters) == 2, what="dead letters")
    replay = "dead-letters", "replay", "--reason", registry.dead_letters[0].text["dlq_reason"]
    for acl in (acl for acl in acls if acl.user == "registry-replay"):
        await revoke(admin, acl)
        refused = await run(registry, "registry-replay", *replay)
        assert refused.code == 1, refused.out
        assert re.search(text_of(acl), refused.err), refused.err
        await allow(admin, acl)
    assert (await run(registry, "registry-replay", *replay)).code == 0

    for acl in (acl for acl in acls if acl.user == "registry-restore"):
        await revoke(admin, acl)
        refused = await run(registry, "registry-restore", "after-restore", "--yes")
        assert refused.code == 1, refused.out
        assert re.search(text_of(acl), refused.err), refused.err
        await allow(admin, acl)
    done = await run(registry, "registry-restore", "after-restore", "--yes")
    assert done.code == 0, done.err
