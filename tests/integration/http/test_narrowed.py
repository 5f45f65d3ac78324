"""The claim `organizations` narrows every admin and group read; what lies outside does not exist."""

from dataclasses import replace

import pytest

from tests.integration.http import seeds
from tests.integration.http.asker import Asker

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
async def test_what_lies_outside_is_answered_like_what_does_not_exist(told: Asker, path: str) -> None:
    inside = path.format(code="pc:16", organization="pc:4", user="pc:400", group="acv-division")
    outside = path.format(code="pc:6", organization="pc:1", user="pc:305", group="pc:669")
    nowhere = path.format(code="no", organization="no", user="no", group="no")
    assert (await told.get(inside, organizations=ACV_ONLY)).status_code == 200
    assert (await told.get(inside)).status_code == 200
    hidden = await told.get(outside, organizations=ACV_ONLY)
    missing = await told.get(nowhere, organizations=ACV_ONLY)
    assert hidden.status_code == missing.status_code == 404
    assert {**hidden.json(), "instance": ""} == {**missing.json(), "instance": ""}
    assert (await told.get(inside, organizations=[])).status_code == 404
    assert (await told.get(nowhere)).status_code == 404


async def test_lists_show_what_lies_inside(told: Asker) -> None:
    def ids(body: dict[str, list[dict[str, str]]], name: str) -> list[str]:
        return [item["id"] for item in body[name]]

    assert await told.codes("/admin/v1/producer-codes", organizations=ACV_ONLY) == ["301-008578"]
    assert ids(await told.body("/groups", organizations=ACV_ONLY), "groups") == ["acv-division"]
    assert ids(await told.body("/groups?type=office", organizations=ACV_ONLY), "groups") == []
    assert ids(await told.body("/groups?distributor_id=pc:1", organizations=ACV_ONLY), "groups") == []
    assert ids(await told.body("/producers", organizations=ACV_ONLY), "producers") == ["pc:400"]
    assert len(await told.codes("/admin/v1/producer-codes", organizations=["pc:4", "pc:1", "pc:4"])) == 7
    counted = await told.body("/admin/v1/producer-codes?includeTotal=true", organizations=ACV_ONLY)
    assert counted["total"] == 1


async def test_nobody_s_organizations_see_nothing(told: Asker) -> None:
    assert await told.codes("/admin/v1/producer-codes", organizations=[]) == []
    assert await told.body("/groups", organizations=[]) == {"groups": []}
    assert await told.body("/producers", organizations=[]) == {"producers": []}
    assert (await told.get("/admin/v1/roles/producer", organizations=[])).status_code == 404
    assert (await told.get("/admin/v1/roles/producer", organizations=ACV_ONLY)).status_code == 200


async def test_code_of_another_organization_shows_as_association_alone(told: Asker) -> None:
    codes = seeds.group_holds("acv-division", "pc:6")
    after = replace(seeds.WORLD, group_associations=seeds.WORLD.group_associations | codes)
    async with told.meanwhile(after, seeds.WORLD):
        body = await told.body("/admin/v1/groups/acv-division/producer-codes", organizations=ACV_ONLY)
    assert [item["attributes"]["code"] for item in body["data"]] == ["100-002541", "301-008578"]
    assert (await told.get("/admin/v1/producer-codes/pc:6", organizations=ACV_ONLY)).status_code == 404


async def test_the_account_is_the_caller_s_whatever_the_claim(told: Asker) -> None:
    assert await told.codes("/account/v1/producer-codes", sub="pc:305", organizations=[]) == [
        "100-002541",
        "501-002542",
    ]
