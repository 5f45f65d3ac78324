"""Pages, one after the other, are the whole: nothing is left out, nothing comes twice, and all is in order."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import pytest

from service.core.world import World
from tests.integration.http import seeds
from tests.integration.http.registry_client import RegistryClient
from tests.integration.http.registry_client import open_registry as opened
from tests.support import database
from tests.support.shuffled import shuffle
from tests.support.states import new_group, new_product, new_role

COUNT = 160
"""Each of four organizations has more than the least that a source reads: 32 rows."""

NUMBERS = range(COUNT)
ORGANIZATIONS = [f"org-{n}" for n in range(4)]
TYPES = ["region", "division"]
ROLES = [f"role-{n}" for n in range(5)]
PRODUCTS = [f"product-{n}" for n in range(5)]
OWN, TEAM, ALL, NOBODY = "user-000", "user-001", "user-002", "nobody"
EVERY_GROUP = "group-000"


def _owner(n: int) -> str:
    return ORGANIZATIONS[n // 2 % 4]


def _string(n: int) -> str:
    """A code string; the strings are in another order than the ids."""
    return f"{n * 37 % COUNT:03}-{n}"


def _world() -> World:
    products = tuple(PRODUCTS)
    groups = [new_group(f"group-{n:03}", TYPES[n % 2], f"G {n}", _owner(n), product_ids=products) for n in NUMBERS]
    users = [
        seeds.user(
            f"user-{n:03}", "N", _owner(n), group_ids=(EVERY_GROUP, "group-001"), code_secured=f"user-{n:03}" != ALL
        )
        for n in NUMBERS
    ]
    codes = [seeds.code(f"code-{n:03}", _string(n), _owner(n), f"D {n % 3}", role_ids=tuple(ROLES)) for n in NUMBERS]
    return World(
        organizations=seeds.by_id(*(seeds.organization(id_, id_) for id_ in ORGANIZATIONS)),
        roles={id_: new_role(id_, id_) for id_ in ROLES},
        products={id_: new_product(id_, id_, "i", "l") for id_ in PRODUCTS},
        groups=seeds.by_id(*groups),
        users=seeds.by_id(*users),
        codes=seeds.by_id(*codes),
        user_associations={k: v for c in codes for k, v in seeds.user_holds(OWN, c.id, *ROLES).items()},
        group_associations={k: v for c in codes for k, v in seeds.group_holds(EVERY_GROUP, c.id).items()},
    )


@pytest.fixture(scope="module")
async def shuffled(postgres_url: str, database_template: str) -> AsyncIterator[RegistryClient]:
    """Somebody who asks a registry whose rows were written in no order."""
    async with database.made_database(postgres_url, database_template) as name:
        url = database.url_of(postgres_url, name)
        visible = ",".join(map(_string, NUMBERS))
        async with opened(url, externally_visible_producer_codes=visible) as one:
            await one.save(_world())
            writing = await asyncpg.connect(url)
            await shuffle(writing)
            await writing.close()
            yield one


@dataclass(frozen=True)
class Paged:
    """A collection: the path of its first page, and what all pages together have to show."""

    path: str
    expected: list[str]
    claims: dict[str, Any] = field(default_factory=dict)


def _ids(kind: str, *, of: list[str] = ORGANIZATIONS, every: int = 1) -> list[str]:
    return [f"{kind}-{n:03}" for n in NUMBERS[::every] if _owner(n) in of]


def _strings(*, of: list[str] = ORGANIZATIONS) -> list[str]:
    return sorted(_string(n) for n in NUMBERS if _owner(n) in of)


SOME = ["org-3", "org-0", "org-1"]
SEEN = {"organizations": [*SOME, "org-3"]}
LISTS = {
    "groups": Paged("/groups", _ids("group")),
    "groups of a type": Paged("/groups?type=region", _ids("group", every=2)),
    "groups of some organizations": Paged("/groups", _ids("group", of=SOME), SEEN),
    "groups of a type and some organizations": Paged("/groups?type=region", _ids("group", of=SOME, every=2), SEEN),
    "groups of a distributor": Paged("/groups?distributor_id=org-2", _ids("group", of=["org-2"])),
    "producers": Paged("/producers", _ids("user")),
    "producers of some organizations": Paged("/producers", _ids("user", of=SOME), SEEN),
    "producers of a distributor": Paged("/producers?distributor_id=org-2", _ids("user", of=["org-2"])),
}
ACCOUNT, ADMIN = "/account/v1/producer-codes", "/admin/v1"
CODES = {
    "codes": Paged(f"{ADMIN}/producer-codes", _strings()),
    "codes from the end": Paged(f"{ADMIN}/producer-codes?sort=-code", _strings()[::-1]),
    "codes by another key": Paged(
        f"{ADMIN}/producer-codes?sort=description",
        [_string(n) for n in sorted(NUMBERS, key=lambda n: (n % 3, _string(n)))],
    ),
    "codes of some organizations": Paged(f"{ADMIN}/producer-codes", _strings(of=SOME), SEEN),
    "codes of an organization": Paged(f"{ADMIN}/organizations/org-2/producer-codes", _strings(of=["org-2"])),
    "codes of a user": Paged(f"{ADMIN}/users/{OWN}/producer-codes", _strings()),
    "codes of a group": Paged(f"{ADMIN}/groups/{EVERY_GROUP}/producer-codes", _strings()),
    "own codes of the caller": Paged(ACCOUNT, _strings(), {"sub": OWN}),
    "codes of the caller's group": Paged(ACCOUNT, _strings(), {"sub": TEAM}),
    "codes of a caller who may use all": Paged(ACCOUNT, _strings(), {"sub": ALL}),
    "codes of a caller who is nobody here": Paged(ACCOUNT, _strings(), {"sub": NOBODY}),
}


def _following(answer: httpx.Response) -> str | None:
    """Where the next page is."""
    if (link := answer.links.get("next")) is not None:
        return link["url"]
    href: str | None = answer.json().get("links", {}).get("next", {}).get("href")
    return href


async def _walked(registry: RegistryClient, path: str, parameter: str, size: int, claims: dict[str, Any]) -> list[Any]:
    """The items of all pages, one page after the other."""
    items: list[Any] = []
    following: str | None = f"{path}{'&' if '?' in path else '?'}{parameter}={size}"
    while following is not None:
        answer = await registry.get(following, **claims)
        assert answer.status_code == 200, answer.text
        page = next(value for value in answer.json().values() if isinstance(value, list))
        following = _following(answer)
        assert len(page) == size or following is None
        assert page, "a link led to an empty page"
        items += page
        assert len(items) <= COUNT, "a page came again"
    return items


@pytest.mark.parametrize("size", [7, 40])
@pytest.mark.parametrize("name", LISTS)
async def test_pages_of_a_list_are_the_whole(shuffled: RegistryClient, name: str, size: int) -> None:
    paged = LISTS[name]
    items = await _walked(shuffled, paged.path, "limit", size, paged.claims)
    assert [item["id"] for item in items] == paged.expected


@pytest.mark.parametrize("size", [7, 40])
@pytest.mark.parametrize("name", CODES)
async def test_pages_of_codes_are_the_whole(shuffled: RegistryClient, name: str, size: int) -> None:
    paged = CODES[name]
    items = await _walked(shuffled, paged.path, "pageSize", size, paged.claims)
    shown = [item["attributes"] for item in items]
    assert [code.get("code") or code["producerCode"]["displayName"] for code in shown] == paged.expected
    assert all([role["id"] for role in code["roles"]] == ROLES for code in shown if "roles" in code)


async def test_lists_within_a_group_are_in_order(shuffled: RegistryClient) -> None:
    groups = await _walked(shuffled, "/groups", "limit", 40, {})
    assert all([product["id"] for product in group["products"]] == PRODUCTS for group in groups)
    assert [producer["id"] for producer in groups[0]["producers"]] == _ids("user")
    assert [producer["id"] for producer in groups[1]["producers"]] == _ids("user")
    assert all(group["producers"] is None for group in groups[2:])
