"""A permission that the broker takes away is named by readiness as long as it is missing, and no longer."""

import pytest

from service.settings import load
from tests.support.broker_admin import BrokerAdmin, Kind, Operation
from tests.support.registry import Registry
from tests.support.wait import eventually
from tests.support.watch import reported, watch

WINDOW_SECONDS = 15.0
NAME = {"displayName": "Organization"}


@pytest.mark.parametrize(
    ("kind", "allowed", "error"),
    [
        (Kind.GROUP, Operation.DESCRIBE, "GroupAuthorizationFailed"),
        (Kind.TOPIC, Operation.DESCRIBE, "TopicAuthorizationFailed"),
        (Kind.TOPIC, Operation.DESCRIBE_CONFIGS, "TopicAuthorizationFailed"),
    ],
    ids=["read the group", "read the topic", "describe the topic"],
)
async def test_a_revoked_permission_is_named_until_it_is_granted(
    registry: Registry, admin: BrokerAdmin, kind: Kind, allowed: Operation, error: str
) -> None:
    service = await registry.started()
    # One of the two command topics stays readable: what arrives there says nothing about the other one.
    await registry.command("organization.put", "before:1", NAME, id="before")
    await registry.outcome("before")
    name = registry.topics.commands if kind is Kind.TOPIC else load(registry.settings).consumer_group
    await admin.allow_only(name, allowed, kind)

    async def named() -> bool:
        _, parts = await reported(service)
        return any(error in reason for reason in parts.values())

    await eventually(named, deadline=60, what=f"readiness that names {error}")
    await registry.command("organization.put", "while:1", NAME, id="while")
    watched = await watch(service, WINDOW_SECONDS)
    assert {status for status, _ in watched.reported} == {503}, watched.reported
    assert all(times == 1 for times in watched.lost().values()), watched.reported
    await admin.allow_everything(name, kind)
    await registry.ready(service)
    await registry.outcome("while")
    await registry.command("organization.put", "after:1", NAME, id="after")
    await registry.outcome("after")
    assert await service.stop() == 0, service.last_lines()
