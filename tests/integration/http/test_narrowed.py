"""The claim `organizations` restricts all admin and group reads; other data is reported as missing."""

from dataclasses import replace

import pytest

from tests.integration.http import seeds
from tests.integration.http.registry_client import RegistryClient

ACV_ONLY = ["pc:4"]


@pytest.mark.parametrize(
    "path",
    [
        "/admin/v1/producer-codes/{code}", "/admin/v1/organizations/{organization}",
        "/admin/v1/organizations/{organization}/producer-codes",
        "/admin/v1/organizations/{organization}/producer-codes/{code}", "/admin/v1/users/{user}/producer-codes",
        "/admin/v1/users/{user}/producer-codes/{code}", "/admin/v1/groups/{group}/producer-codes",
        "/admin/v1/group/{group}/producer-codes/{code}", "/groups/{group}", "/producers/{user}",
    ],
)  # fmt: skip
async def test_data_of_other_organizations_is_reported_like_missing_data(
    seeded_registry: RegistryClient, path: str
) -> None:
    inside = path.format(code="pc:16", organization="pc:4", user="pc:400", group="acv-division")
    outside = path.format(code="pc:6", organization="pc:1", user="pc:305", group="pc:669")
    nowhere = path.format(code="no", organization="no", user="no", group="no")
    assert (await seeded_registry.get(inside, organizations=ACV_ONLY)).status_code == 200
    assert (await seeded_registry.get(inside)).status_code == 200
    hidden = await seeded_registry.get(outside, organizations=ACV_ONLY)
    missing = await seeded_registry.get(nowhere, organizations=ACV_ONLY)
    assert hidden.status_code == missing.status_code == 404
    assert {**hidden.json(), "instance": ""} == {**missing.json(), "instance": ""}
    assert (await seeded_registry.get(inside, organizations=[])).status_code == 404
    assert (await seeded_registry.get(nowhere)).status_code == 404


async def test_lists_contain_only_data_of_the_organizations(seeded_registry: RegistryClient) -> None:
    def ids(body: dict[str, list[dict[str, str]]], name: str) -> list[str]:
        return [item["id"] for item in body[name]]

    assert await seeded_registry.codes("/admin/v1/producer-codes", organizations=ACV_ONLY) == ["301-008578"]
    assert ids(await seeded_registry.body("/groups", organizations=ACV_ONLY), "groups") == ["acv-division"]
    assert ids(await seeded_registry.body("/groups?type=office", organizations=ACV_ONLY), "groups") == []
    assert ids(await seeded_registry.body("/groups?distributor_id=pc:1", organizations=ACV_ONLY), "groups") == []
    assert ids(await seeded_registry.body("/producers", organizations=ACV_ONLY), "producers") == ["pc:400"]
    assert len(await seeded_registry.codes("/admin/v1/producer-codes", organizations=["pc:4", "pc:1", "pc:4"])) == 7
    counted = await seeded_registry.body("/admin/v1/producer-codes?includeTotal=true", organizations=ACV_ONLY)
    assert counted["total"] == 1


async def test_empty_organizations_claim_hides_everything(seeded_registry: RegistryClient) -> None:
    assert await seeded_registry.codes("/admin/v1/producer-codes", organizations=[]) == []
    total = (await seeded_registry.body("/admin/v1/producer-codes?includeTotal=true", organizations=[]))["total"]
    assert total == 0
    assert await seeded_registry.body("/groups", organizations=[]) == {"groups": []}
    assert await seeded_registry.body("/producers", organizations=[]) == {"producers": []}
    assert (await seeded_registry.get("/admin/v1/roles/producer", organizations=[])).status_code == 404
    assert (await seeded_registry.get("/admin/v1/roles/producer", organizations=ACV_ONLY)).status_code == 200


async def test_code_of_another_organization_is_only_visible_as_association(seeded_registry: RegistryClient) -> None:
    codes = seeds.group_holds("acv-division", "pc:6")
    after = replace(seeds.WORLD, group_associations=seeds.WORLD.group_associations | codes)
    async with seeded_registry.changed(after, seeds.WORLD):
        body = await seeded_registry.body("/admin/v1/groups/acv-division/producer-codes", organizations=ACV_ONLY)
    assert [item["attributes"]["code"] for item in body["data"]] == ["100-002541", "301-008578"]
    assert (await seeded_registry.get("/admin/v1/producer-codes/pc:6", organizations=ACV_ONLY)).status_code == 404


async def test_account_does_not_depend_on_the_claim(seeded_registry: RegistryClient) -> None:
    assert await seeded_registry.codes("/account/v1/producer-codes", sub="pc:305", organizations=[]) == [
        "100-002541",
        "501-002542",
    ]
