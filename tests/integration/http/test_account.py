"""Changes affect the codes of a caller from the next request (domain, "Who may use which code")."""

from dataclasses import replace

import pytest

from service.core.world import World
from service.http.app import warn_of_unknown_codes
from service.settings import Settings
from tests.integration.http import seeds
from tests.integration.http.registry_client import RegistryClient, open_registry

ACCOUNT = "/account/v1/producer-codes"
SEEDS = seeds.WORLD


def _code(code_id: str, **changes: object) -> World:
    code = replace(SEEDS.codes[code_id], version=2, **changes)  # type: ignore[arg-type]  # fields of the state
    return replace(SEEDS, codes={**SEEDS.codes, code_id: code})


def _ann(**changes: object) -> World:
    ann = replace(SEEDS.users[seeds.ANN], version=4, **changes)  # type: ignore[arg-type]  # fields of the state
    return replace(SEEDS, users={**SEEDS.users, seeds.ANN: ann})


OWN, OFFICE, LIMITED = "100-002541", "501-002542", "501-002544"


def _since(day: str) -> World:
    return _code("pc:6", appointment_date=day)


def _until(day: str) -> World:
    return _code("pc:6", termination_date=day)


def _armstrong(status: str) -> World:
    armstrong = replace(SEEDS.organizations["pc:1"], status=status, version=2)
    return replace(SEEDS, organizations={**SEEDS.organizations, "pc:1": armstrong})


async def test_caller_has_the_codes_of_the_user_and_of_the_groups(seeded_registry: RegistryClient) -> None:
    assert await seeded_registry.codes(ACCOUNT, sub=seeds.ANN) == ["100-002541", "501-002542"]
    assert await seeded_registry.codes(f"{ACCOUNT}?use=renewal", sub=seeds.ANN) == [
        "100-002541",
        "501-002542",
        "501-002544",
    ]
    assert await seeded_registry.codes(ACCOUNT, sub="ben") == ["501-002542"]
    assert await seeded_registry.codes(ACCOUNT, sub=seeds.BEN) == ["501-002542"]
    assert await seeded_registry.codes(ACCOUNT, sub="nobody") == []


@pytest.mark.parametrize(
    ("after", "submission", "renewal"),
    [
        pytest.param(_code("pc:6", status="Suspended"), [OFFICE], [OFFICE, LIMITED], id="code suspended"),
        pytest.param(_code("pc:6", status="Limited"), [OFFICE], [OWN, OFFICE, LIMITED], id="code limited"),
        pytest.param(_until("2026-11-22"), [OFFICE], [OFFICE, LIMITED], id="code terminated today"),
        pytest.param(_until("2026-11-23"), [OWN, OFFICE], [OWN, OFFICE, LIMITED], id="code terminated tomorrow"),
        pytest.param(_since("2026-11-22"), [OWN, OFFICE], [OWN, OFFICE, LIMITED], id="code appointed today"),
        pytest.param(_since("2026-11-23"), [OFFICE], [OFFICE, LIMITED], id="code appointed tomorrow"),
        pytest.param(_armstrong("Limited"), [], [OWN, OFFICE, LIMITED], id="organization limited"),
        pytest.param(_armstrong("Terminating"), [], [], id="organization terminating"),
        pytest.param(replace(SEEDS, user_associations={}), [OFFICE], [OFFICE, LIMITED], id="code removed"),
        pytest.param(
            replace(SEEDS, user_associations={**SEEDS.user_associations, **seeds.user_holds(seeds.ANN, "pc:18")}),
            [OWN, OFFICE, "501-002543"],
            [OWN, OFFICE, "501-002543", LIMITED],
            id="code added",
        ),
        pytest.param(
            replace(SEEDS, user_associations={**SEEDS.user_associations, **seeds.user_holds(seeds.ANN, "pc:17")}),
            [OWN, OFFICE],
            [OWN, OFFICE, LIMITED],
            id="code held twice",
        ),
        pytest.param(replace(SEEDS, group_associations={}), [OWN], [OWN], id="codes taken from the group"),
        pytest.param(_ann(group_ids=()), [OWN], [OWN], id="group left"),
    ],
)
async def test_change_affects_the_next_request(
    seeded_registry: RegistryClient, after: World, submission: list[str], renewal: list[str]
) -> None:
    day = "asOfDate=2026-11-22"
    async with seeded_registry.changed(after, SEEDS):
        assert await seeded_registry.codes(f"{ACCOUNT}?{day}", sub=seeds.ANN) == submission
        assert await seeded_registry.codes(f"{ACCOUNT}?{day}&use=renewal", sub=seeds.ANN) == renewal
    assert await seeded_registry.codes(f"{ACCOUNT}?{day}", sub=seeds.ANN) == [OWN, OFFICE]


async def test_disabled_user_is_refused(seeded_registry: RegistryClient) -> None:
    async with seeded_registry.changed(_ann(enabled=False), SEEDS):
        answer = await seeded_registry.get(ACCOUNT, sub=seeds.ANN)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "user-disabled")


async def test_user_without_code_security_has_all_usable_codes(seeded_registry: RegistryClient) -> None:
    async with seeded_registry.changed(_ann(code_secured=False), SEEDS):
        before = await seeded_registry.codes(f"{ACCOUNT}?asOfDate=2022-07-08", sub=seeds.ANN)
        after = await seeded_registry.codes(f"{ACCOUNT}?asOfDate=2022-07-09", sub=seeds.ANN)
    assert before == ["100-002541", "301-008578", "501-002542", "501-002543"]
    assert after == [*before, "501-002545"]


async def test_username_takes_precedence_over_id(seeded_registry: RegistryClient) -> None:
    ben = replace(SEEDS.users[seeds.BEN], username=seeds.ANN, group_ids=(), version=2)
    async with seeded_registry.changed(replace(SEEDS, users={**SEEDS.users, seeds.BEN: ben}), SEEDS):
        assert await seeded_registry.codes(ACCOUNT, sub=seeds.ANN) == []


async def test_unknown_caller_has_the_externally_visible_codes(database_url: str) -> None:
    visible = "501-002544, ai-50701 ,missing-1,\N{KELVIN SIGN}"
    renamed = replace(SEEDS.codes["pc:16"], id="pc:700", code="Ai-50701")
    async with open_registry(database_url, externally_visible_producer_codes=visible) as one:
        await one.save(replace(SEEDS, codes={**SEEDS.codes, "pc:700": renamed}))
        assert await one.codes(ACCOUNT, sub="nobody") == ["Ai-50701"]
        assert await one.codes(f"{ACCOUNT}?use=renewal", sub="nobody") == ["501-002544", "Ai-50701"]
        assert await one.codes(ACCOUNT, sub=seeds.BEN) == ["501-002542"]


async def test_missing_externally_visible_codes_are_returned(seeded_registry: RegistryClient) -> None:
    settings = Settings(externally_visible_producer_codes="301-008578,Missing-1")
    assert await warn_of_unknown_codes(settings, seeded_registry.reader) == ["Missing-1"]
