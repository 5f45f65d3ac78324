"""Associations of producer codes with users and groups over HTTP."""

import pytest

from tests.integration.http.writing import CODES, NEW, Writing
from tests.support import scenario

CODE = {"producerCode": {"id": "pc:16"}}
OWNERS = ["/admin/v1/users/ann", "/admin/v1/groups/west", "/admin/v1/group/west"]


@pytest.fixture(autouse=True)
async def _owners(writing: Writing) -> None:
    log = writing.broker.log
    scenario.create_code(log, "c", "pc:16", "301-008578")
    log.send("g", "group.create", "west", {"type": "region", "value": "West", "distributor_id": "pc:4"})
    scenario.create_user(log, "u", "ann")
    await writing.broker.decide()


@pytest.mark.parametrize("owner", OWNERS)
async def test_a_code_is_associated_and_removed(writing: Writing, owner: str) -> None:
    path = f"{owner}/producer-codes"
    created = await writing.send("POST", path, CODE, key="one")
    assert created.status_code == 201, created.text
    attributes = created.json()["data"]["attributes"]
    assert attributes["producerCode"] == {"displayName": "301-008578", "id": "pc:16"}
    location = created.headers["location"]
    assert location == f"{path}/pc:16".replace("/group/", "/groups/")
    shown = await writing.registry.get(location)
    assert (shown.content, shown.headers["etag"]) == (created.content, created.headers["etag"])
    unchanged = await writing.send("POST", path, CODE)
    assert (unchanged.status_code, unchanged.content) == (200, created.content)
    again = await writing.send("POST", path, CODE, key="one")
    assert (again.status_code, again.headers["location"], again.content) == (201, location, created.content)
    assert (again.headers["idempotent-replayed"], again.headers["etag"]) == ("true", created.headers["etag"])

    removed = await writing.send("DELETE", f"{path}/pc:16", key="two")
    assert (removed.status_code, removed.content) == (204, b"")
    assert removed.headers["idempotency-key"] == "two"
    assert (await writing.registry.get(location)).status_code == 404
    absent = await writing.send("DELETE", f"{path}/pc:16")
    assert (absent.status_code, "idempotent-replayed" in absent.headers) == (204, False)
    again = await writing.send("DELETE", f"{path}/pc:16", key="two")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (204, "true")
    assert writing.broker.keys == [b"pc:4"] * 4


async def test_a_repeat_after_the_removal_says_that_the_association_is_gone(writing: Writing) -> None:
    path = "/admin/v1/users/ann/producer-codes"
    await writing.send("POST", path, CODE, key="one")
    await writing.send("DELETE", f"{path}/pc:16")
    again = await writing.send("POST", path, CODE, key="one")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (404, "true")
    assert again.json()["errors"][0]["path"] == "producerCodeId"
    other = await writing.send("POST", path, {"producerCode": 1}, key="one")
    assert (other.status_code, other.headers["idempotent-replayed"]) == (422, "true")


async def test_an_association_may_have_some_roles(writing: Writing) -> None:
    path = "/admin/v1/users/ann/producer-codes"
    created = await writing.send("POST", path, {**CODE, "roles": [{"id": "submitter"}]})
    assert [role["id"] for role in created.json()["data"]["attributes"]["roles"]] == ["submitter"]
    refused = await writing.send("POST", path, CODE)
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (409, "/data/attributes/roles")
    refused = await writing.send("POST", path, {**CODE, "roles": [{"id": "none"}]})
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "/data/attributes/roles/0/id")


@pytest.mark.parametrize("owner", OWNERS)
async def test_unknown_owners_and_codes(writing: Writing, owner: str) -> None:
    nobody, parameter = owner.rpartition("/")[0] + "/nobody", "userId" if "users" in owner else "groupId"
    unknown = {"producerCode": {"id": "none"}}
    for method, path, body, status, place in (
        ("POST", f"{nobody}/producer-codes", CODE, 404, parameter),
        ("DELETE", f"{nobody}/producer-codes/pc:16", None, 404, parameter),
        ("POST", f"{owner}/producer-codes", unknown, 422, "/data/attributes/producerCode/id"),
        ("DELETE", f"{owner}/producer-codes/none", None, 404, "producerCodeId"),
    ):
        refused = await writing.send(method, path, body)
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (status, place), path
    assert len(writing.broker.keys) == 4


@pytest.mark.parametrize("owner", OWNERS)
async def test_a_body_is_checked_and_a_removal_reads_none(writing: Writing, owner: str) -> None:
    path = f"{owner}/producer-codes"
    refused = await writing.send("POST", path, {"producerCode": {"id": 1}, "colour": "red"})
    assert refused.status_code == 422
    assert [(e["path"], e["code"]) for e in refused.json()["errors"]] == [
        ("/data/attributes/colour", "unknown-field"),
        ("/data/attributes/producerCode/id", "invalid"),
    ]
    for content_type, content, status in (
        ("text/plain", b"{}", 415),
        ("application/json", b"{", 400),
        ("application/json", b"x" * 300_000, 413),
    ):
        headers = {"Content-Type": content_type}
        refused = await writing.send("POST", path, content=content, headers=headers)
        assert refused.status_code == status, content_type
    assert writing.broker.keys == []
    headers = {"Content-Type": "text/plain"}
    removed = await writing.send("DELETE", f"{path}/pc:16", content=b"not JSON", headers=headers)
    assert removed.status_code == 204
    refused = await writing.send("DELETE", f"{path}/pc:16?force=true")
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (400, "force")


@pytest.mark.parametrize("owner", OWNERS)
async def test_if_match_is_the_version_of_the_owner(writing: Writing, owner: str) -> None:
    path = f"{owner}/producer-codes"
    created = await writing.send("POST", path, CODE)
    tag = created.headers["etag"]
    assert (await writing.send("DELETE", f"{path}/pc:16", headers={"If-Match": tag})).status_code == 204
    refused = await writing.send("DELETE", f"{path}/pc:16", headers={"If-Match": tag})
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (412, "If-Match")
    refused = await writing.send("POST", path, CODE, headers={"If-Match": tag})
    assert refused.status_code == 412


async def test_a_removal_without_an_outcome_is_202(writing: Writing) -> None:
    writing.broker.decides = False
    path = "/admin/v1/users/ann/producer-codes/pc:16"
    accepted = await writing.send("DELETE", path, key="one", headers={"Prefer": "respond-async"})
    assert (accepted.status_code, accepted.json()) == (202, {"status": "pending"})
    await writing.broker.decide()
    state = await writing.registry.get(accepted.headers["location"], sub="ann", scope="")
    assert state.json()["status"] == "unchanged"


async def test_a_key_of_another_kind_of_request_is_refused(writing: Writing) -> None:
    path = "/admin/v1/users/ann/producer-codes"
    assert (await writing.send("POST", path, CODE, key="one")).status_code == 201
    for method, other, body in (("DELETE", f"{path}/pc:16", None), ("POST", CODES, NEW)):
        refused = await writing.send(method, other, body, key="one")
        assert refused.status_code == 422
        [error] = refused.json()["errors"]
        assert (error["code"], error["path"]) == ("key-used", "Idempotency-Key")
    assert (await writing.registry.get(f"{path}/pc:16")).status_code == 200


async def test_rules_of_the_owner_are_named_by_the_path(writing: Writing) -> None:
    scenario.create_user(writing.broker.log, "u2", "free", useProducerCodeSecurity=False)
    scenario.create_user(writing.broker.log, "u3", "other", organization="pc:1")
    await writing.broker.decide()
    refused = await writing.send("POST", "/admin/v1/users/free/producer-codes", CODE)
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "userId")
    refused = await writing.send("POST", "/admin/v1/users/other/producer-codes", CODE)
    [error] = refused.json()["errors"]
    assert (error["code"], error["path"]) == ("other-organization", "/data/attributes/producerCode/id")
