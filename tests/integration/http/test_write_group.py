"""Groups and producers over HTTP: plain objects, and a PUT that replaces all attributes."""

from typing import Any

import pytest

from service.contract.sending import CommandRecord
from tests.integration.http.writing import Writing
from tests.support.scenario import ADDRESS

OFFICE: dict[str, Any] = {"type": "office", "value": ADDRESS, "distributor_id": "pc:4"}
ANN: dict[str, Any] = {"name": "Ann", "email": "ann@example.com", "distributor_id": "pc:4"}


async def test_a_group_is_created_and_replaced(writing: Writing) -> None:
    created = await writing.send("POST", "/groups", json=OFFICE, key="one")
    assert created.status_code == 201, created.text
    group = created.json()["group"]
    assert group == {"id": group["id"], **OFFICE, "producers": None, "products": None}
    location = created.headers["location"]
    assert location == f"/groups/{group['id']}"
    shown = await writing.registry.get(location)
    assert (shown.content, shown.headers["etag"]) == (created.content, created.headers["etag"])

    moved = {**OFFICE, "value": {**ADDRESS, "line1": "2 Market Street"}}
    changed = await writing.send("PUT", location, json=moved, headers={"If-Match": created.headers["etag"]})
    assert changed.status_code == 200, changed.text
    assert "location" not in changed.headers
    assert changed.json()["group"]["value"]["line1"] == "2 Market Street"
    stale = await writing.send("PUT", location, json=OFFICE, headers={"If-Match": created.headers["etag"]})
    assert (stale.status_code, stale.json()["errors"][0]["path"]) == (412, "If-Match")
    region = await writing.send("PUT", location, json={"type": "region", "value": "West"})
    assert (region.json()["group"]["type"], region.json()["group"]["value"]) == ("region", "West")
    assert region.headers["etag"].startswith('"3-')
    unchanged = await writing.send("PUT", location, json={"type": "region", "value": "West"})
    assert (unchanged.status_code, unchanged.headers["etag"]) == (200, region.headers["etag"])
    assert writing.broker.keys == [b"pc:4"] * 5

    again = await writing.send("POST", "/groups", json={}, key="one")
    assert (again.status_code, again.headers["location"]) == (201, location)
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.content, again.headers["etag"]) == (region.content, region.headers["etag"])


async def test_a_producer_is_created_and_replaced(writing: Writing) -> None:
    group = (await writing.send("POST", "/groups", json=OFFICE)).json()["group"]["id"]
    full = {**ANN, "external_id": "a-17", "username": "ann", "groups": [group], "enabled": False}
    created = await writing.send("POST", "/producers", json=full, key="one")
    assert created.status_code == 201, created.text
    producer = created.json()["producer"]
    assert producer == {
        "id": producer["id"],
        "name": "Ann",
        "email": "ann@example.com",
        "external_id": "a-17",
        "enabled": False,
        "distributor": {"id": "pc:4", "name": "ACV Property Insurance"},
        "groups": [group],
    }
    location = created.headers["location"]
    assert location == f"/producers/{producer['id']}"

    replaced = await writing.send("PUT", location, json={"name": "Ann Archer", "email": "ann@example.com"}, key="two")
    assert replaced.status_code == 200, replaced.text
    assert replaced.json()["producer"] == {
        "id": producer["id"],
        "name": "Ann Archer",
        "email": "ann@example.com",
        "enabled": True,
        "distributor": {"id": "pc:4", "name": "ACV Property Insurance"},
        "groups": [],
    }
    assert replaced.headers["etag"].startswith('"2-')
    # The username is free again.
    assert (await writing.send("POST", "/producers", json={**ANN, "username": "ann"})).status_code == 201
    again = await writing.send("PUT", location, json={"name": "Another"}, key="two")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    assert again.content == replaced.content
    assert writing.broker.keys == [b"pc:4"] * 4


async def test_a_put_sends_defaults_as_null(writing: Writing) -> None:
    sent: list[CommandRecord] = []
    publish = writing.broker.publish

    async def keeping(record: CommandRecord, seconds: float) -> Any:
        sent.append(record)
        return await publish(record, seconds)

    writing.broker.publish = keeping  # type: ignore[method-assign]
    location = (await writing.send("POST", "/producers", json=ANN)).headers["location"]
    await writing.send("PUT", location, json=ANN)
    assert sent[0].value.decode().replace(" ", "").count("null") == 0
    assert sent[1].value == (
        b'{"external_id":null,"username":null,"groups":null,"enabled":null,"externalUser":null,'
        b'"useProducerCodeSecurity":null,"name":"Ann","email":"ann@example.com","distributor_id":"pc:4"}'
    )


@pytest.mark.parametrize(
    ("path", "body", "errors"),
    [
        (
            "/groups",
            {"type": "office", "value": {"line1": 1}, "colour": "red"},
            [
                ("/colour", "unknown-field"), ("/distributor_id", "invalid"), ("/value/city", "invalid"),
                ("/value/country_code", "invalid"), ("/value/line1", "invalid"),
            ],
        ),
        (
            "/groups",
            {**OFFICE, "value": {"line1": "x", "city": "y", "country_code": "USA"}},
            [("/value/postal_code", "invalid"), ("/value/state", "invalid")],
        ),
        ("/producers", {**ANN, "enabled": "yes", "id": "x"}, [("/enabled", "invalid"), ("/id", "unknown-field")]),
        ("/producers", {"name": "Ann"}, [("/email", "invalid"), ("/organization", "invalid")]),
        (
            "/producers",
            {**ANN, "distributor_id": "none", "groups": ["g"]},
            [("/distributor_id", "reference-not-found"), ("/groups/0", "reference-not-found")],
        ),
    ],
)  # fmt: skip
async def test_a_create_names_all_errors(
    writing: Writing, path: str, body: object, errors: list[tuple[str, str]]
) -> None:
    refused = await writing.send("POST", path, json=body)
    assert refused.status_code == 422, refused.text
    assert [(e["path"], e["code"]) for e in refused.json()["errors"]] == errors


@pytest.mark.parametrize(
    ("path", "create", "body", "errors"),
    [
        ("/groups", OFFICE, {}, [("/type", "invalid"), ("/value", "invalid")]),
        (
            "/groups",
            OFFICE,
            {**OFFICE, "distributor_id": "pc:1", "type": "region"},
            [("/value", "invalid")],
        ),
        ("/groups", OFFICE, {**OFFICE, "distributor_id": "pc:1"}, [("/distributor_id", "immutable-field")]),
        (
            "/producers",
            ANN,
            {"groups": 1, "x": 2},
            [("/email", "invalid"), ("/groups", "invalid"), ("/name", "invalid"), ("/x", "unknown-field")],
        ),
        (
            "/producers",
            ANN,
            {**ANN, "distributor_id": "pc:1", "groups": ["g"]},
            [("/distributor_id", "immutable-field"), ("/groups/0", "reference-not-found")],
        ),
        ("/producers", ANN, {**ANN, "organization": None}, [("/organization", "immutable-field")]),
    ],
)
async def test_a_put_names_all_errors(
    writing: Writing, path: str, create: object, body: object, errors: list[tuple[str, str]]
) -> None:
    location = (await writing.send("POST", path, json=create)).headers["location"]
    refused = await writing.send("PUT", location, json=body)
    assert refused.status_code == 422, refused.text
    assert [(e["path"], e["code"]) for e in refused.json()["errors"]] == errors
    assert (await writing.registry.get(location)).headers["etag"].startswith('"1-')


async def test_a_missing_name_is_said_to_be_missing(writing: Writing) -> None:
    refused = await writing.send("PUT", "/producers/any", json={"email": "ann@example.com"})
    assert refused.json()["errors"][0]["message"].startswith("name is missing")


async def test_a_put_of_an_unknown_object_is_404(writing: Writing) -> None:
    for path, parameter, body in (("/groups/none", "groupId", OFFICE), ("/producers/none", "producerId", ANN)):
        refused = await writing.send("PUT", path, json=body)
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (404, parameter)


async def test_a_username_of_another_user_is_409(writing: Writing) -> None:
    assert (await writing.send("POST", "/producers", json={**ANN, "username": "ann"})).status_code == 201
    refused = await writing.send("POST", "/producers", json={**ANN, "username": "ann"})
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (409, "/username")


@pytest.mark.parametrize("path", ["/groups", "/groups/pc:1", "/producers", "/producers/pc:1"])
async def test_a_body_that_is_not_a_json_object_is_refused(writing: Writing, path: str) -> None:
    method = "PUT" if path.count("/") == 2 else "POST"
    for content_type, content, status in (
        ("text/plain", b"{}", 415),
        ("application/json", b"{", 400),
        ("application/json", b"[]", 422),
        ("application/json", b"x" * 300_000, 413),
    ):
        headers = {"Content-Type": content_type}
        refused = await writing.send(method, path, content=content, headers=headers, key="one")
        assert (refused.status_code, refused.headers["idempotency-key"]) == (status, "one"), content_type
    assert writing.broker.keys == []
