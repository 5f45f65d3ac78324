"""The requests of the seed documents return the documented responses, with attributes in the same order."""

from dataclasses import replace
from typing import Any

import pytest

from service.core.ids import association_id
from tests.integration.http import seeds
from tests.integration.http.registry_client import RegistryClient
from tests.support.states import new_branch

STATUS = {"code": "Active", "name": "Active"}
MINNEAPOLIS = {"branchCode": "301", "displayName": "Minneapolis Branch UW", "id": "pc:S17f59YeYbDQEVkdUiua9"}
ROLE = {"displayName": "Producer", "id": "producer", "type": "Role", "uri": "/admin/v1/roles/producer"}
SUBMISSIONS = {
    "displayName": "Producer Code - Submissions",
    "id": "producercode_submission",
    "type": "Role",
    "uri": "/admin/v1/roles/producercode_submission",
}
ACV_CODE = {
    "branch": MINNEAPOLIS,
    "code": "301-008578",
    "description": "ACV Property Insurance",
    "displayName": "301-008578",
    "id": "pc:16",
    "organization": {
        "displayName": "ACV Property Insurance",
        "id": "pc:4",
        "type": "Organization",
        "uri": "/admin/v1/organizations/pc:4",
    },
    "producerStatus": STATUS,
    "roles": [ROLE, SUBMISSIONS],
}


def _ordered(value: Any) -> Any:
    """Return a value that compares with the order of keys."""
    if isinstance(value, dict):
        return [(key, _ordered(part)) for key, part in value.items()]
    return [_ordered(part) for part in value] if isinstance(value, list) else value


async def test_all_codes_equal_the_sample(seeded_registry: RegistryClient) -> None:
    body = await seeded_registry.body("/admin/v1/producer-codes")
    assert body["count"] == 7
    assert [item["attributes"]["code"] for item in body["data"]] == sorted(c.code for c in seeds.WORLD.codes.values())
    [item] = [item for item in body["data"] if item["attributes"]["id"] == "pc:16"]
    assert _ordered(item["attributes"]) == _ordered(ACV_CODE)
    assert item["links"] == {"self": {"href": "/admin/v1/producer-codes/pc:16", "methods": ["get"]}}
    assert list(body) == ["count", "data", "links"]


async def test_codes_of_an_organization_equal_the_sample(seeded_registry: RegistryClient) -> None:
    body = await seeded_registry.body("/admin/v1/organizations/pc:1/producer-codes")
    assert body["count"] == 6
    assert _ordered(body["data"][0]["attributes"]) == _ordered(
        {
            "branch": {"branchCode": "501", "displayName": "Los Angeles Branch UW", "id": "pc:SKLwZJB_J2trSnepw0UsV"},
            "code": "100-002541",
            "description": "Armstrong (Premier)",
            "displayName": "100-002541",
            "id": "pc:6",
            "organization": {
                "displayName": "Armstrong and Company",
                "id": "pc:1",
                "type": "Organization",
                "uri": "/admin/v1/organizations/pc:1",
            },
            "producerStatus": STATUS,
            "roles": [ROLE],
        }
    )


async def test_code_omits_attributes_without_a_value(seeded_registry: RegistryClient) -> None:
    attributes = (await seeded_registry.body("/admin/v1/producer-codes/pc:21"))["data"]["attributes"]
    assert list(attributes) == [
        "code", "displayName", "id", "organization", "producerStatus", "roles", "terminationDate"
    ]  # fmt: skip
    assert attributes["terminationDate"] == "2023-01-01"
    assert attributes["producerStatus"] == {"code": "Terminated", "name": "Terminated"}


async def test_user_association_equals_the_sample(seeded_registry: RegistryClient) -> None:
    body = await seeded_registry.body("/admin/v1/users/pc:400/producer-codes")
    [item] = body["data"]
    assert _ordered(item["attributes"]) == _ordered(
        {
            "id": association_id("user", "pc:400", "pc:16"),
            "producerCode": {"displayName": "301-008578", "id": "pc:16"},
            "roles": [SUBMISSIONS],
        }
    )
    assert item["links"]["self"]["href"] == "/admin/v1/users/pc:400/producer-codes/pc:16"


@pytest.mark.parametrize("family", ["groups", "group"])
async def test_group_association_equals_the_sample(seeded_registry: RegistryClient, family: str) -> None:
    body = await seeded_registry.body(f"/admin/v1/{family}/acv-division/producer-codes")
    [item] = body["data"]
    assert _ordered(item["attributes"]) == _ordered(
        {
            "branch": MINNEAPOLIS,
            "code": "301-008578",
            "description": "ACV Property Insurance",
            "id": association_id("group", "acv-division", "pc:16"),
            "producerCode": {"displayName": "301-008578", "id": "pc:16"},
            "producerStatus": STATUS,
        }
    )
    one = await seeded_registry.body(f"/admin/v1/{family}/acv-division/producer-codes/pc:16")
    assert one["data"] == item


async def test_association_has_only_roles_that_the_code_still_has(seeded_registry: RegistryClient) -> None:
    acv = seeds.WORLD.codes["pc:16"]
    poorer = replace(acv, role_ids=(seeds.PRODUCER,), version=2)
    after = replace(seeds.WORLD, codes={**seeds.WORLD.codes, "pc:16": poorer})
    async with seeded_registry.changed(after, seeds.WORLD):
        one = await seeded_registry.body("/admin/v1/users/pc:400/producer-codes/pc:16")
    assert one["data"]["attributes"]["roles"] == []


async def test_group_has_its_producers_and_products(seeded_registry: RegistryClient) -> None:
    group = (await seeded_registry.body("/groups/pc:669"))["group"]
    assert _ordered(group) == _ordered(
        {
            "id": "pc:669",
            "type": "office",
            "value": {
                "line1": "10 Spring Street",
                "line2": "Floor 2",
                "city": "Los Angeles",
                "state": "CA",
                "postal_code": "90013",
                "country_code": "USA",
            },
            "distributor_id": "pc:1",
            "producers": [
                {"id": "pc:305", "name": "Ann", "email": "ann@example.com", "external_id": "a-17"},
                {"id": "pc:310", "name": "Ben", "email": "ben@example.com"},
            ],
            "products": [
                {
                    "id": "prd_1",
                    "name": "General Liability",
                    "institution_id": "ins_1",
                    "product_line": "general_liability",
                }
            ],
        }
    )


async def test_group_without_producers_and_products_has_null(seeded_registry: RegistryClient) -> None:
    assert (await seeded_registry.body("/groups/acv-division"))["group"] == {
        "id": "acv-division",
        "type": "division",
        "value": "Property",
        "distributor_id": "pc:4",
        "producers": None,
        "products": None,
    }


async def test_producers_are_the_users(seeded_registry: RegistryClient) -> None:
    producers = (await seeded_registry.body("/producers"))["producers"]
    ann = {
        "id": "pc:305",
        "name": "Ann",
        "email": "ann@example.com",
        "external_id": "a-17",
        "enabled": True,
        "distributor": {"id": "pc:1", "name": "Armstrong and Company"},
        "groups": ["pc:669"],
    }
    assert _ordered(producers[0]) == _ordered(ann)
    assert [producer["id"] for producer in producers] == ["pc:305", "pc:310", "pc:400"]
    assert producers[2]["groups"] == []
    assert (await seeded_registry.body("/producers/pc:305"))["producer"] == ann


async def test_uris_of_organization_and_role_resolve(seeded_registry: RegistryClient) -> None:
    organization = (await seeded_registry.body("/admin/v1/organizations/pc:4"))["data"]
    assert organization["attributes"] == {
        "displayName": "ACV Property Insurance",
        "domains": [],
        "id": "pc:4",
        "insurer": False,
        "producerStatus": STATUS,
        "type": "Organization",
    }
    role = (await seeded_registry.body("/admin/v1/roles/producer"))["data"]
    assert role["attributes"] == {
        "displayName": "Producer",
        "id": "producer",
        "permissions": ["create account", "quote job"],
        "type": "Role",
    }


async def test_every_link_and_uri_resolves(seeded_registry: RegistryClient) -> None:
    todo = [
        "/account/v1/producer-codes?pageSize=1", "/admin/v1/producer-codes?pageSize=2&pageOffset=3", "/groups?limit=1",
        "/admin/v1/users/pc:305/producer-codes", "/admin/v1/group/pc:669/producer-codes?pageSize=1",
        "/admin/v1/organizations/pc:1/producer-codes?filter=code%3Acn%3A%26%3F%25&fields=code", "/producers?limit=2",
    ]  # fmt: skip
    seen: set[str] = set()
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            answer = await seeded_registry.get(path, sub=seeds.ANN)
            assert answer.status_code == 200, f"{path}: {answer.text}"
            todo += _links(answer.json())
            todo += [link["url"] for link in answer.links.values()]
    assert len(seen) > 20


def _links(value: Any) -> list[str]:
    if isinstance(value, list):
        return [link for part in value for link in _links(part)]
    if not isinstance(value, dict):
        return []
    own = [part for key, part in value.items() if key in {"href", "uri"}]
    return own + [link for part in value.values() for link in _links(part)]


PATHS = [
    "/account/v1/producer-codes", "/admin/v1/producer-codes", "/admin/v1/producer-codes/pc:16",
    "/admin/v1/organizations/pc:4/producer-codes", "/admin/v1/organizations/pc:4/producer-codes/pc:16",
    "/admin/v1/organizations/pc:4", "/admin/v1/roles/producer", "/admin/v1/users/pc:400/producer-codes",
    "/admin/v1/users/pc:400/producer-codes/pc:16", "/admin/v1/groups/acv-division/producer-codes",
    "/admin/v1/groups/acv-division/producer-codes/pc:16", "/admin/v1/group/acv-division/producer-codes/pc:16",
    "/groups", "/groups/acv-division", "/producers", "/producers/pc:400",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
async def test_response_is_304_until_a_change(seeded_registry: RegistryClient, path: str) -> None:
    first = await seeded_registry.get(path)
    tag = first.headers["etag"]
    assert (await seeded_registry.get(path, headers={"If-None-Match": tag})).status_code == 304
    renamed = {id_: replace(one, display_name=f"New {id_}") for id_, one in seeds.WORLD.organizations.items()}
    branch = new_branch(seeds.MINNEAPOLIS, "301", "Minneapolis", version=2)
    role = replace(seeds.WORLD.roles[seeds.PRODUCER], display_name="Seller", version=2)
    submissions = replace(seeds.WORLD.roles[seeds.SUBMISSION], display_name="Submissions", version=2)
    changed = replace(
        seeds.WORLD,
        organizations=renamed,
        branches={branch.id: branch},
        roles={role.id: role, submissions.id: submissions},
        users={id_: replace(one, name="X", version=one.version + 1) for id_, one in seeds.WORLD.users.items()},
        groups={
            id_: replace(one, type="region", value="X", version=one.version + 1)
            for id_, one in seeds.WORLD.groups.items()
        },
    )
    async with seeded_registry.changed(changed, seeds.WORLD):
        again = await seeded_registry.get(path, headers={"If-None-Match": tag})
    assert again.status_code == 200


@pytest.mark.parametrize("path", [path for path in PATHS if path.rpartition("/")[2] in {"pc:16", "pc:4", "producer"}])
async def test_checksum_is_the_tag(seeded_registry: RegistryClient, path: str) -> None:
    answer = await seeded_registry.get(path)
    assert answer.headers["etag"] == f'"{answer.json()["data"]["checksum"]}"'


async def test_checksum_on_a_page_is_the_tag_of_the_element(seeded_registry: RegistryClient) -> None:
    for path in (
        "/admin/v1/producer-codes",
        "/admin/v1/producer-codes?fields=id",
        "/admin/v1/users/pc:305/producer-codes",
    ):
        for item in (await seeded_registry.body(path))["data"]:
            one = await seeded_registry.get(item["links"]["self"]["href"])
            assert one.headers["etag"] == f'"{item["checksum"]}"'


async def test_tag_contains_the_version_of_the_entity(seeded_registry: RegistryClient) -> None:
    assert (await seeded_registry.get("/groups/pc:669")).headers["etag"].startswith('"4-')
    assert (await seeded_registry.get("/producers/pc:305")).headers["etag"].startswith('"3-')
    assert (await seeded_registry.get("/admin/v1/users/pc:305/producer-codes/pc:6")).headers["etag"].startswith('"3-')
    assert (await seeded_registry.get("/admin/v1/groups/pc:669/producer-codes/pc:17")).headers["etag"].startswith('"4-')
    assert (await seeded_registry.get("/admin/v1/producer-codes/pc:6")).headers["etag"].startswith('"1-')
    assert (await seeded_registry.get("/admin/v1/producer-codes")).headers["etag"].startswith('"0-')
