"""Tokens with the claim `organizations`: what belongs to other organizations does not exist, and nothing is sent."""

from typing import Any

import pytest

from tests.integration.http.writing import CODES, NEW, Writing
from tests.support import scenario
from tests.support.scenario import ADDRESS

USER, GROUP = "/admin/v1/users", "/admin/v1/groups"
OFFICE: dict[str, Any] = {"type": "office", "value": ADDRESS, "distributor_id": "pc:4"}
ANN: dict[str, Any] = {"name": "Ann", "email": "ann@example.com", "organization": {"id": "pc:4"}}
BY_NAME = {"name": "Ann", "email": "ann@example.com", "distributor_id": "pc:1"}


@pytest.fixture(autouse=True)
async def _two_organizations(writing: Writing) -> None:
    log = writing.broker.log
    for n, organization in (("1", "pc:1"), ("4", "pc:4")):
        scenario.create_code(log, f"c{n}", f"code{n}", f"301-{n}", organization)
        scenario.create_group(log, f"g{n}", f"group{n}", organization)
        scenario.create_user(log, f"u{n}", f"user{n}", organization)
    log.send("uc", "user.add-producer-code", "user1", {"producerCode": {"id": "code1"}})
    await writing.broker.decide()


def _codes(*ids: str) -> dict[str, Any]:
    return {"data": {"attributes": {"producerCode": {"id": ids[0]}}}}


ATTRIBUTES = "/data/attributes"
REFUSED = [
    ("POST", "/groups", {**OFFICE, "distributor_id": "pc:1"}, ["/distributor_id"]),
    ("POST", "/producers", {**ANN, "organization": {"id": "pc:1"}}, ["/organization/id"]),
    ("POST", "/producers", BY_NAME, ["/distributor_id"]),
    ("POST", "/producers", {**ANN, "groups": ["group4", "group1"]}, ["/groups/1"]),
    ("POST", "/producers", {**ANN, "groups": ["none"]}, ["/groups/0"]),
    ("POST", "/producers", {**BY_NAME, "groups": ["group1"]}, ["/distributor_id", "/groups/0"]),
    ("PUT", "/groups/group1", OFFICE, ["groupId"]),
    ("PUT", "/groups/none", OFFICE, ["groupId"]),
    ("PUT", "/groups/group4", {**OFFICE, "distributor_id": "pc:1"}, ["/distributor_id"]),
    ("PUT", "/producers/user1", ANN, ["producerId"]),
    ("PUT", "/producers/user4", {**ANN, "groups": ["group1"]}, ["/groups/0"]),
    ("PUT", "/producers/user4", BY_NAME, ["/distributor_id"]),
    ("PATCH", f"{CODES}/code1", {"data": {"attributes": {"description": "x"}}}, ["producerCodeId"]),
    (
        "PATCH",
        f"{CODES}/code4",
        {"data": {"attributes": {"organization": {"id": "pc:1"}}}},
        [f"{ATTRIBUTES}/organization/id"],
    ),
    ("POST", f"{USER}/user1/producer-codes", _codes("code4"), ["userId"]),
    ("POST", f"{USER}/user4/producer-codes", _codes("code1"), [f"{ATTRIBUTES}/producerCode/id"]),
    ("POST", f"{USER}/user4/producer-codes", _codes("none"), [f"{ATTRIBUTES}/producerCode/id"]),
    ("POST", f"{GROUP}/group1/producer-codes", _codes("code4"), ["groupId"]),
    ("POST", f"{GROUP}/group4/producer-codes", _codes("code1"), [f"{ATTRIBUTES}/producerCode/id"]),
    ("DELETE", f"{USER}/user1/producer-codes/code1", None, ["userId"]),
    ("DELETE", f"{USER}/user4/producer-codes/code1", None, ["producerCodeId"]),
    ("DELETE", f"{GROUP}/group1/producer-codes/code4", None, ["groupId"]),
    ("DELETE", "/admin/v1/group/group4/producer-codes/code1", None, ["producerCodeId"]),
]


@pytest.mark.parametrize(("method", "path", "body", "places"), REFUSED)
async def test_other_organizations_do_not_exist(
    writing: Writing, method: str, path: str, body: Any, places: list[str]
) -> None:
    more = {} if body is None else {"json": body}
    refused = await writing.send(method, path, organizations=["pc:4"], **more)
    assert refused.status_code == 404, refused.text
    assert [(e["code"], e["path"]) for e in refused.json()["errors"]] == [("not-found", place) for place in places]
    assert writing.broker.keys == []


async def test_own_organizations_are_written(writing: Writing) -> None:
    for method, path, body, status in (
        ("POST", CODES, {"data": {"attributes": NEW}}, 201),
        ("PATCH", f"{CODES}/code4", {"data": {"attributes": {"roles": [{"id": "submitter"}]}}}, 200),
        ("POST", "/groups", OFFICE, 201),
        ("PUT", "/groups/group4", OFFICE, 200),
        ("POST", "/producers", {**ANN, "groups": ["group4"]}, 201),
        ("PUT", "/producers/user4", {**ANN, "groups": ["group4"]}, 200),
        ("POST", f"{USER}/user4/producer-codes", _codes("code4"), 201),
        ("DELETE", f"{USER}/user4/producer-codes/code4", None, 204),
        ("POST", f"{GROUP}/group4/producer-codes", _codes("code4"), 201),
        ("DELETE", f"{GROUP}/group4/producer-codes/code4", None, 204),
    ):
        more: dict[str, Any] = {} if body is None else {"json": body}
        answer = await writing.send(method, path, organizations=["pc:4", "pc:9"], **more)
        assert answer.status_code == status, answer.text


async def test_a_token_without_organizations_writes_nothing(writing: Writing) -> None:
    refused = await writing.send("POST", CODES, NEW, organizations=[])
    assert refused.status_code == 404
    assert [e["path"] for e in refused.json()["errors"]] == [
        f"{ATTRIBUTES}/organization/id",
        f"{ATTRIBUTES}/roles/0/id",
    ]
    for method, path, body in (
        ("PUT", "/producers/user4", ANN),
        ("POST", f"{GROUP}/group4/producer-codes", _codes("code4")),
    ):
        assert (await writing.send(method, path, json=body, organizations=[])).status_code == 404
    assert writing.broker.keys == []


async def test_a_repeat_with_a_token_for_other_organizations_does_not_show_the_object(writing: Writing) -> None:
    assert (await writing.send("POST", "/groups", json=OFFICE, key="one")).status_code == 201
    again = await writing.send("POST", "/groups", json=OFFICE, key="one", organizations=["pc:1"])
    assert (again.status_code, again.headers["idempotent-replayed"]) == (404, "true")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/groups"),
        ("PUT", "/groups/group4"),
        ("POST", "/producers"),
        ("PUT", "/producers/user4"),
        ("POST", f"{USER}/user4/producer-codes"),
        ("DELETE", f"{USER}/user4/producer-codes/code4"),
        ("POST", "/admin/v1/group/group4/producer-codes"),
        ("DELETE", f"{GROUP}/group4/producer-codes/code4"),
    ],
)
async def test_the_scope_is_required(writing: Writing, method: str, path: str) -> None:
    refused = await writing.send(method, path, scope="admin:read account:read")
    assert refused.status_code == 403
    assert (await writing.registry.client.request(method, path)).status_code == 401
    assert writing.broker.keys == []


async def test_a_subject_that_no_source_can_have_is_refused(writing: Writing) -> None:
    refused = await writing.send("POST", "/groups", json=OFFICE, sub="é" * 255)
    assert refused.status_code == 403
    assert refused.headers["www-authenticate"].startswith("Bearer ")
    assert writing.broker.keys == []
