"""Every rejection code of the contract, caused by commands through the broker."""

import pytest

from service.contract.catalogue import REJECTIONS as CODES
from tests.support.registry import Registry
from tests.support.scenario import ADDRESS

OFFICE = {"type": "office", "value": ADDRESS, "distributor_id": "r:1"}
CODE = {"code": "R-1", "organization": {"id": "r:1"}, "roles": [{"id": "r:role"}]}
USER = {"name": "Ana Lima", "email": "ana@example.com", "organization": {"id": "r:1"}}

# code, path, command, subject, data, additional attributes
REJECTIONS: list[tuple[str, str, str, str, object, dict[str, str]]] = [
    ("invalid", "/distributor_id", "group.create", "r:g2", {**OFFICE, "distributor_id": 7}, {}),
    ("unknown-field", "/colour", "group.create", "r:g2", {**OFFICE, "colour": "red"}, {}),
    ("not-found", "subject", "group.update", "r:g9", OFFICE, {}),
    ("reference-not-found", "/distributor_id", "group.create", "r:g2", {**OFFICE, "distributor_id": "r:9"}, {}),
    ("already-exists", "subject", "group.create", "r:g1", {**OFFICE, "type": "region", "value": "West"}, {}),
    ("code-taken", "/code", "producer-code.create", "r:c2", {**CODE, "code": "r-1"}, {}),
    ("immutable-field", "/distributor_id", "group.update", "r:g1", {**OFFICE, "distributor_id": "r:2"}, {}),
    ("other-organization", "/producerCode/id", "group.add-producer-code", "r:g3", {"producerCode": {"id": "r:c1"}}, {}),
    ("not-code-secured", "subject", "user.add-producer-code", "r:u1", {"producerCode": {"id": "r:c1"}}, {}),
    ("version-conflict", "expectedversion", "group.update", "r:g1", OFFICE, {"expectedversion": "7"}),
    ("wrong-topic", "type", "organization.put", "r:3", {"displayName": "Three"}, {"topic": "commands"}),
]


@pytest.fixture(scope="module")
async def reported(shared: Registry) -> Registry:
    """A registry with the entities that the rejected commands need."""
    await shared.accepted("organization.put", "r:1", {"displayName": "One"}, id="r-o1")
    await shared.accepted("organization.put", "r:2", {"displayName": "Two"}, id="r-o2")
    await shared.accepted("role.put", "r:role", {"displayName": "Role"}, id="r-role")
    await shared.accepted("group.create", "r:g1", OFFICE, id="r-g1")
    await shared.accepted("group.create", "r:g3", {**OFFICE, "distributor_id": "r:2"}, id="r-g3")
    await shared.accepted("producer-code.create", "r:c1", CODE, id="r-c1")
    await shared.accepted("user.create", "r:u1", {**USER, "useProducerCodeSecurity": False}, id="r-u1")
    return shared


@pytest.mark.parametrize(
    ("code", "path", "kind", "subject", "data", "more"), REJECTIONS, ids=[row[0] for row in REJECTIONS]
)
async def test_a_command_is_rejected_with_code_and_path(  # noqa: PLR0917  # the columns of the table
    reported: Registry, code: str, path: str, kind: str, subject: str, data: object, more: dict[str, str]
) -> None:
    attributes = dict(more)
    topic = reported.topics.commands if attributes.pop("topic", None) else None

    await reported.command(kind, subject, data, id=f"r-{code}", topic=topic, **attributes)
    outcome = await reported.outcome(f"r-{code}")

    assert outcome.text["ce_type"] == "producer-registry.command.rejected.v1"
    assert outcome.data["events"] == []
    problem = outcome.data["problem"]
    assert problem["code"] == code
    assert (code, path) in [(error["code"], error["path"]) for error in problem["errors"]]


def test_the_table_names_every_code() -> None:
    assert [row[0] for row in REJECTIONS] == list(CODES)
