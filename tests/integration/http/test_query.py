"""Filters, sorting and paging on a real database agree with an implementation in Python."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.producer_code import ProducerCode
from service.core.producer_status import PRODUCER_STATUSES
from tests.integration.http import seeds
from tests.integration.http.registry_client import RegistryClient, open_registry
from tests.support import database

# Strings whose byte order differs from any collation, missing values, and equal values.
_TEXTS = ["", "a", "B", "ä", "a:b", "a,b", "%", "_", "\\", "Z", "\U0001f600", "\ufffd", "'", '"', None, None]
_DATES = ["2022-07-09", "2022-07-10", "1999-12-31", None]
CODES = [
    seeds.code(
        f"c:{n}",
        f"{'aAbB-/.'[n % 7]}{n}" if n % 7 < 4 else f"{n}{'aAbB-/.'[n % 7]}x",
        [seeds.ARMSTRONG, seeds.ACV][n % 2],
        _TEXTS[n % len(_TEXTS)],
        branch_id=[seeds.LOS_ANGELES, None, seeds.MINNEAPOLIS][n % 3],
        status=PRODUCER_STATUSES[n % 5],
        appointment_date=_DATES[n % 4],
        termination_date=["2030-01-01", None][n % 2],
    )
    for n in range(60)
]
WORLD = replace(seeds.WORLD, codes=seeds.WORLD.codes | {code.id: code for code in CODES})
ALL = list(WORLD.codes.values())

_VALUE: dict[str, Callable[[ProducerCode], str | None]] = {
    "code": lambda code: code.code,
    "description": lambda code: code.description,
    "producerStatus": lambda code: code.status,
    "organization": lambda code: code.organization_id,
    "branch": lambda code: code.branch_id,
    "appointmentDate": lambda code: code.appointment_date,
    "terminationDate": lambda code: code.termination_date,
}


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


_HOLDS: dict[str, Callable[[bytes | None, list[bytes]], bool]] = {
    "eq": lambda left, right: left == right[0],
    "ne": lambda left, right: left != right[0],
    "lt": lambda left, right: left is not None and left < right[0],
    "gt": lambda left, right: left is not None and left > right[0],
    "le": lambda left, right: left is not None and left <= right[0],
    "ge": lambda left, right: left is not None and left >= right[0],
    "in": lambda left, right: left in right,
    "ni": lambda left, right: left not in right,
    "sw": lambda left, right: left is not None and left.startswith(right[0]),
    "cn": lambda left, right: left is not None and right[0] in left,
}


def _sorted(codes: list[ProducerCode], keys: list[str]) -> list[str]:
    found = sorted(codes, key=lambda code: code.code.encode())
    for key in reversed(keys):
        value = _VALUE[key.removeprefix("-")]
        present = [(text.encode(), code) for code in found if (text := value(code)) is not None]
        present.sort(key=lambda pair: pair[0], reverse=key.startswith("-"))
        found = [code for _, code in present] + [code for code in found if value(code) is None]
    return [code.code for code in found]


def _doubled(text: str) -> str:
    return text.replace(":", "::")


@st.composite
def conditions(draw: st.DrawFn) -> tuple[str, str, list[str]]:
    """Return a field, one of its operators, and values, some of which exist."""
    name = draw(st.sampled_from(sorted(_VALUE)))
    dated = name.endswith("Date")
    operator = draw(st.sampled_from([o for o in _HOLDS if not dated or o not in {"sw", "cn"}]))
    present = sorted({value for code in ALL if (value := _VALUE[name](code)) is not None})
    listed = operator in {"in", "ni"}
    if listed:
        present = [value for value in present if "," not in value]
    values = st.sampled_from(present)
    if not dated and name != "producerStatus":
        other = st.text(st.characters(exclude_characters="\0,", exclude_categories=["Cs"]), max_size=3)
        values = values | other | values.map(lambda text: text[:1])
    return name, operator, draw(st.lists(values, min_size=1, max_size=3 if listed else 1))


@pytest.fixture(scope="module")
async def scenario(postgres_url: str, database_template: str) -> AsyncIterator[RegistryClient]:
    """Return a client of a registry with many different codes."""
    async with (
        database.made_database(postgres_url, database_template) as name,
        open_registry(database.url_of(postgres_url, name)) as one,
    ):
        await one.save(WORLD)
        yield one


SORTS = st.sampled_from(["code", "-code", "description", "-description", "appointmentDate", "-appointmentDate"])


@settings(max_examples=300, deadline=None)
@given(
    st.lists(conditions(), max_size=3),
    st.lists(SORTS, max_size=3),
    st.sampled_from(["/admin/v1/producer-codes", "/admin/v1/organizations/pc:1/producer-codes"]),
)
async def test_filters_and_sorting(
    scenario: RegistryClient, filters: list[tuple[str, str, list[str]]], keys: list[str], path: str
) -> None:
    query = ["pageSize=100", "includeTotal=true"]
    query += [f"filter={name}:{operator}:{quote(_doubled(','.join(values)))}" for name, operator, values in filters]
    query += [f"sort={','.join(keys)}"] if keys else []
    body = await scenario.body(f"{path}?{'&'.join(query)}")
    expected = [
        code
        for code in ALL
        if all(_HOLDS[o](_bytes(_VALUE[n](code)), [v.encode() for v in values]) for n, o, values in filters)
        and ("organizations" not in path or code.organization_id == seeds.ARMSTRONG)
    ]
    assert [item["attributes"]["code"] for item in body["data"]] == _sorted(expected, keys)
    assert body["total"] == body["count"] == len(expected)


@pytest.mark.parametrize("size", [1, 7, 25, 100])
@pytest.mark.parametrize("sort", ["code", "-description", "appointmentDate,-description"])
async def test_joined_pages_are_the_whole_collection(scenario: RegistryClient, size: int, sort: str) -> None:
    path: str | None = f"/admin/v1/producer-codes?pageSize={size}&sort={sort}"
    found: list[str] = []
    previous: list[str] = []
    for _ in range(len(ALL) + 1):
        if path is None:
            break
        body = await scenario.body(path)
        assert body["links"]["self"]["href"] == path
        assert body["count"] == len(body["data"]) <= size
        found += [item["attributes"]["code"] for item in body["data"]]
        if "prev" in body["links"]:
            previous.append(body["links"]["prev"]["href"])
        path = body["links"].get("next", {}).get("href")
    assert path is None, "no page has fewer than one item, and the last one leads nowhere"
    assert found == _sorted(ALL, sort.split(","))
    if previous:
        assert (await scenario.body(previous[0]))["links"]["first"]["href"] == previous[0]


async def test_page_offset_counts_items(scenario: RegistryClient) -> None:
    whole = await scenario.codes("/admin/v1/producer-codes?pageSize=100")
    assert await scenario.codes("/admin/v1/producer-codes?pageSize=10&pageOffset=3") == whole[3:13]
    assert await scenario.codes("/admin/v1/producer-codes?pageOffset=2147483647") == []
    assert len(await scenario.codes("/admin/v1/producer-codes")) == 25


async def test_fields_select_attributes_in_the_standard_order(scenario: RegistryClient) -> None:
    body = await scenario.body("/admin/v1/producer-codes?fields=roles,code,code&pageSize=3")
    assert [list(item["attributes"]) for item in body["data"]] == [["code", "roles"]] * 3
    one = await scenario.body("/admin/v1/producer-codes/pc:21?fields=description,terminationDate")
    assert one["data"]["attributes"] == {"terminationDate": "2023-01-01"}
    assert (await scenario.body("/admin/v1/users/pc:305/producer-codes?fields=roles"))["data"][0][
        "attributes"
    ].keys() == {"roles"}


@pytest.mark.parametrize(
    ("path", "sub"),
    [
        ("/account/v1/producer-codes", "pc:305"),
        ("/admin/v1/users/pc:305/producer-codes", "x"),
        ("/admin/v1/groups/pc:669/producer-codes", "x"),
    ],
)
async def test_all_collections_support_all_parameters(scenario: RegistryClient, path: str, sub: str) -> None:
    def strings(body: Any) -> list[str]:
        found = (item["attributes"] for item in body["data"])
        return [a["producerCode"]["displayName"] if "producerCode" in a else a["code"] for a in found]

    whole = strings(await scenario.body(f"{path}?includeTotal=true", sub=sub))
    reverse = await scenario.body(f"{path}?sort=-code&includeTotal=true", sub=sub)
    assert strings(reverse) == whole[::-1]
    assert reverse["total"] == len(whole) > 0
    by_text = await scenario.body(f"{path}?sort=-description,appointmentDate&pageSize=1", sub=sub)
    expected = _sorted([code for code in ALL if code.code in whole], ["-description", "appointmentDate"])
    assert strings(by_text) == expected[:1]
    filtered = await scenario.body(
        f"{path}?filter=code:sw:501&filter=branch:in:{quote('pc::SKLwZJB_J2trSnepw0UsV')}", sub=sub
    )
    assert strings(filtered) == [string for string in whole if string == "501-002542"]
    none = await scenario.body(f"{path}?filter=description:eq:nothing&includeTotal=true", sub=sub)
    assert (none["count"], none["total"], none["data"]) == (0, 0, [])


async def test_lists_of_groups_and_producers_link_to_the_next_page(scenario: RegistryClient) -> None:
    for path, name in (("/groups", "groups"), ("/producers", "producers")):
        found = []
        at: str | None = f"{path}?limit=1"
        for _ in range(len(ALL)):
            if at is None:
                break
            answer = await scenario.get(at)
            found += [item["id"] for item in answer.json()[name]]
            at = answer.links.get("next", {}).get("url")
        assert at is None, "the last page leads nowhere"
        assert found == sorted(found)
        assert found == [item["id"] for item in (await scenario.body(path))[name]]
        assert len(found) == 3


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("type=office", ["pc:669"]),
        ("type=region", ["west"]),
        ("distributor_id=pc:1", ["pc:669", "west"]),
        ("distributor_id=pc:1&type=region&limit=1", ["west"]),
        ("distributor_id=pc:4&type=region", []),
        ("distributor_id=nobody", []),
    ],
)
async def test_groups_are_filtered(scenario: RegistryClient, query: str, ids: list[str]) -> None:
    assert [group["id"] for group in (await scenario.body(f"/groups?{query}"))["groups"]] == ids
