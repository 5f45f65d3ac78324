"""The first and the last day of a code, in whatever way a caller has it, and by either statement."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import orjson
import pytest

from service.core.world import World
from service.store.code_page import Page
from tests.integration.http import seeds
from tests.integration.http.registry_client import RegistryClient
from tests.integration.http.registry_client import open_registry as opened
from tests.support import database
from tests.support.states import new_group

DAY = date(2026, 11, 22)
BEFORE, AT, AFTER = ((DAY + timedelta(days=days)).isoformat() for days in (-1, 0, 1))
OWN, TEAM, ALL, NOBODY = "own", "team", "all", "nobody"
OWNER = seeds.organization("o", "Owner")
GROUP = new_group("west", "region", "G", OWNER.id)

CODES = {
    "appointed-before": {"appointment_date": BEFORE},
    "appointed-today": {"appointment_date": AT},
    "appointed-after": {"appointment_date": AFTER},
    "terminated-before": {"termination_date": BEFORE},
    "terminated-today": {"termination_date": AT},
    "terminated-after": {"termination_date": AFTER},
    "limited": {"status": "Limited"},
    "limited-terminated-today": {"status": "Limited", "termination_date": AT},
    "suspended": {"status": "Suspended"},
}
SUBMISSION = ["appointed-before", "appointed-today", "terminated-after"]
RENEWAL = sorted([*SUBMISSION, "limited"])


def _world() -> World:
    codes = [seeds.code(f"id-{string}", string, OWNER.id, **changes) for string, changes in CODES.items()]
    return World(
        organizations=seeds.by_id(OWNER),
        roles={seeds.PRODUCER: seeds.WORLD.roles[seeds.PRODUCER]},
        groups=seeds.by_id(GROUP),
        users=seeds.by_id(
            seeds.user(OWN, "Own", OWNER.id),
            seeds.user(TEAM, "Team", OWNER.id, group_ids=(GROUP.id,)),
            seeds.user(ALL, "All", OWNER.id, code_secured=False),
        ),
        codes=seeds.by_id(*codes),
        user_associations={k: v for code in codes for k, v in seeds.user_holds(OWN, code.id).items()},
        group_associations={k: v for code in codes for k, v in seeds.group_holds(GROUP.id, code.id).items()},
    )


@pytest.fixture(scope="module")
async def dated(postgres_url: str, database_template: str) -> AsyncIterator[RegistryClient]:
    """Somebody who asks a registry with a code for each side of each date."""
    async with (
        database.made_database(postgres_url, database_template) as name,
        opened(database.url_of(postgres_url, name)) as one,
    ):
        await one.save(_world())
        yield one


@pytest.mark.parametrize("page", [Page(), Page(total=True)], ids=["together", "alone"])
@pytest.mark.parametrize("renewal", [False, True], ids=["submission", "renewal"])
@pytest.mark.parametrize("subject", [OWN, TEAM, ALL, NOBODY])
async def test_a_code_is_available_from_its_first_day_until_the_day_before_its_last_one(
    dated: RegistryClient, subject: str, renewal: bool, page: Page
) -> None:
    items = await dated.reader.codes_of_caller(subject, renewal=renewal, on=DAY, visible=[*CODES], page=page)
    assert items is not None
    shown = [item["attributes"]["code"] for item in orjson.loads(items.data)]
    assert shown == (RENEWAL if renewal else SUBMISSION)
