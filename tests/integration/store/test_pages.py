"""Pages, one after the other, are the whole: nothing is left out, nothing comes twice, and all is in order."""

from collections.abc import Callable

import asyncpg
import pytest

from service.settings import Settings
from service.store import held_store
from service.store.command_store import CommandStore
from service.store.outbox_store import OutboxStore
from service.store.snapshot_store import KINDS, snapshots
from tests.support import scenario
from tests.support.outbox import hold, message, stored_messages
from tests.support.record import TOPICS, Log
from tests.support.shuffled import shuffle

COUNT = 30
NUMBERS = range(COUNT)


def _owner(n: int) -> str:
    return "pc:1" if n % 3 else "pc:4"


def _directory() -> Log:
    log = scenario.directory()
    for n in NUMBERS:
        log.send(f"o-{n}", "organization.put", f"organization-{n:02}", {"displayName": "O"})
        log.send(f"b-{n}", "branch.put", f"branch-{n:02}", {"branchCode": "1", "displayName": "B"})
        log.send(f"r-{n}", "role.put", f"role-{n:02}", {"displayName": "R"})
        log.send(f"p-{n}", "product.put", f"product-{n:02}", {"name": "P", "institution_id": "i", "product_line": "l"})
    return log


def _subjects() -> Log:
    log = Log()
    for n in NUMBERS:
        scenario.create_code(log, f"c-{n}", f"code-{n:02}", f"C-{n}", _owner(n))
        scenario.create_group(log, f"g-{n}", f"group-{n:02}", _owner(n))
        scenario.create_user(log, f"u-{n}", f"user-{n:02}", _owner(n))
        # Each holds a code of its own organization: its own one, and one that others hold too.
        for code in {n, n % 3}:
            held = {"producerCode": {"id": f"code-{code:02}"}}
            log.send(f"gh-{n}-{code}", "group.add-producer-code", f"group-{n:02}", held)
            log.send(f"uh-{n}-{code}", "user.add-producer-code", f"user-{n:02}", held)
    return log


# What is published again of each kind, in this order; the owner of a code comes after the code.
_PAIRS = sorted({(code, n) for n in NUMBERS for code in (n, n % 3)})
_NUMBERED: dict[str, Callable[[int], str]] = {
    "organization": "organization-{:02}".format,
    "branch": "branch-{:02}".format,
    "role": "role-{:02}".format,
    "product": "product-{:02}".format,
    "producer-code": "code-{:02}".format,
    "group": "group-{:02}".format,
    "user": "user-{:02}".format,
}
_STORY = {
    "organization": ["pc:1", "pc:4"],
    "branch": ["pc:b1"],
    "role": ["producer", "submitter"],
    "product": ["prd_1"],
}


def _expected(kind: str, organization: str | None) -> list[str]:
    if kind not in _NUMBERED:
        owner = kind.partition(".")[0]
        return [f"{owner}-{n:02}" for _, n in _PAIRS if organization in (None, _owner(n))]
    if kind not in _STORY:
        return [_NUMBERED[kind](n) for n in NUMBERS if organization in (None, _owner(n))]
    if organization is None:
        return sorted([*map(_NUMBERED[kind], NUMBERS), *_STORY[kind]])
    return [organization] if kind == "organization" else []


@pytest.mark.parametrize("organization", [None, "pc:4"])
@pytest.mark.parametrize("page", [1, 7, 10])
async def test_pages_of_states_that_are_published_again_are_the_whole(
    settings: Settings,
    command_store: CommandStore,
    database: "asyncpg.Connection[asyncpg.Record]",
    organization: str | None,
    page: int,
) -> None:
    await command_store.apply(_directory().read())
    await command_store.apply(_subjects().read())
    await shuffle(database)
    for kind in KINDS:
        await database.execute("TRUNCATE outbox_frame")
        expected = _expected(kind, organization)
        written = 0
        async for count in snapshots(settings, kind, organization, "run", page):
            written += count
            assert written <= len(expected), f"a page of {kind} came again"
        assert [m.aggregateid for m in await stored_messages(database)] == expected, kind


async def test_pages_of_messages_that_are_held_back_are_the_whole(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_store, "HELD_ROWS", 7)
    topics = TOPICS.group_events, TOPICS.code_events
    messages = [message(n, topics[n % 2], shard=n % 4) for n in NUMBERS]
    for one in messages:
        await hold(database, "a reason", one, scope="key")
    await shuffle(database)
    store = OutboxStore(settings)
    await store.open(lambda _: None)
    found: list[int] = []
    while held := await store.held.load({1, 3}, found[-1] if found else -1):
        found += [one.frame.position for one in held]
        assert len(found) <= COUNT, "a page came again"
    await store.close()
    assert found == [m.position for m in messages if m.shard in {1, 3}]
