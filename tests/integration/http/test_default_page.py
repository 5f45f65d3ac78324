"""The default page has 25 codes and a link to the next page if more follow, for all kinds of callers."""

import pytest

from service.core.group import Group
from service.core.world import World
from tests.integration.http import seeds
from tests.integration.http.registry_client import open_registry

ACCOUNT = "/account/v1/producer-codes"
STRINGS = [f"100-{n:06}" for n in range(27)]
OWNER = seeds.organization("o", "Owner")
OWN, TEAM, BOTH, ALL, NOBODY = "own", "team", "both", "all", "nobody"


def _world(count: int) -> World:
    """Return a world with `count` codes, which each caller can use for another reason.

    Two groups hold half of the codes each, and one code is in both groups.
    """
    codes = [f"c{n}" for n in range(count)]
    mine = [seeds.user_holds(OWN, code) for code in codes] + [seeds.user_holds(BOTH, code) for code in codes[::2]]
    shared = [seeds.group_holds("west" if n % 2 else "east", code) for n, code in enumerate(codes)]
    shared += [seeds.group_holds("west", codes[0])] + [seeds.group_holds("whole", code) for code in codes]
    return World(
        organizations=seeds.by_id(OWNER),
        roles={seeds.PRODUCER: seeds.WORLD.roles[seeds.PRODUCER]},
        groups=seeds.by_id(*(Group(id_, "region", "G", OWNER.id, (), 0, 1) for id_ in ("east", "west", "whole"))),
        users=seeds.by_id(
            seeds.user(OWN, "Own", OWNER.id),
            seeds.user(TEAM, "Team", OWNER.id, group_ids=("east", "west")),
            seeds.user(BOTH, "Both", OWNER.id, group_ids=("whole",)),
            seeds.user(ALL, "All", OWNER.id, code_secured=False),
        ),
        codes=seeds.by_id(
            *(seeds.code(code, string, OWNER.id) for code, string in zip(codes, STRINGS[:count], strict=True))
        ),
        user_associations={key: state for one in mine for key, state in one.items()},
        group_associations={key: state for one in shared for key, state in one.items()},
    )


@pytest.mark.parametrize("count", [25, 26, 27])
async def test_page_of_25_links_to_the_next_page_if_more_follow(database_url: str, count: int) -> None:
    async with open_registry(database_url, externally_visible_producer_codes=",".join(STRINGS)) as registry:
        await registry.save(_world(count))
        for subject in (OWN, TEAM, BOTH, ALL, NOBODY):
            body = await registry.body(ACCOUNT, sub=subject)
            assert [item["attributes"]["code"] for item in body["data"]] == STRINGS[:25], subject
            assert ("next" in body["links"]) == (count > 25), subject
            if count > 25:
                following = await registry.body(body["links"]["next"]["href"], sub=subject)
                assert [item["attributes"]["code"] for item in following["data"]] == STRINGS[25:count], subject
                assert "next" not in following["links"], subject
