"""A process without a dependency or a privilege names it in readiness constantly, and in its log only a few times.

The processes of all cases run at the same time, so all cases share one observation window.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from tests.support.lacking import Lack, Site
from tests.support.ladder import Rung
from tests.support.watch import Watched, watch

pytestmark = pytest.mark.timeout(900)

WINDOW_SECONDS = 30.0
MOST_LINES = 20

STARTS_AT_A_TIME = 4

OUTBOX = "outbox_frame"
"""The table that the relay reads."""


@dataclass(frozen=True)
class Case:
    """What is missing, the part of readiness that has to name it, and the word that it must contain."""

    lack: Lack
    part: str
    word: str


ALL = ("all", "consumers", "relay", "api")
KAFKA = ("all", "consumers", "relay")

CASES = [
    *(Case(Lack(role, "refused"), "database", "refused") for role in ALL),
    *(Case(Lack(role, "gone"), "database", "connection") for role in ("all", "consumers")),
    *(Case(Lack(role, "nowhere"), "database", "nowhere") for role in ("consumers", "api")),
    *(Case(Lack(role, "wrong password"), "database", "password") for role in ("all", "relay")),
    *(Case(Lack(role, "empty"), "migrations", "migrate") for role in ALL),
    *(Case(Lack(role, f"no SELECT ON {OUTBOX}"), "relay", OUTBOX) for role in ("all", "relay")),
    Case(Lack("consumers", "no SELECT ON offset_mark"), "reading", "offset_mark"),
    Case(Lack("consumers", "no UPDATE ON offset_mark"), "reading", "lacks UPDATE on offset_mark"),
    Case(Lack("consumers", "renamed offset_mark"), "reading", "offset_mark"),
    Case(Lack("all", "no INSERT ON inbox", commands=True), "batches", "lacks INSERT on inbox"),
    Case(Lack("all", "renamed inbox", commands=True), "batches", "inbox"),
    Case(
        Lack("consumers", "no ALL ON SEQUENCE outbox_block", commands=True),
        "batches",
        "UPDATE on the sequence outbox_block",
    ),
    Case(Lack("all", f"no DELETE ON {OUTBOX}", commands=True), "relay", f"lacks DELETE on {OUTBOX}"),
    *(Case(Lack(role, broker="refused"), "broker", "127.0.0.1") for role in KAFKA),
    *(Case(Lack(role, broker="gone"), "broker", "no answer") for role in ("all", "relay")),
    *(Case(Lack(role, broker="without topics"), "broker", "topics create") for role in KAFKA),
    Case(Lack("consumers", broker="no joining"), "reading", "join"),
    Case(Lack("consumers", broker="group refuses"), "reading", "join"),
]


@pytest.fixture(scope="module")
async def site(
    postgres_url: str,
    database_template: str,
    kafka_bootstrap: str,
    broker_rung: Rung,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Site]:
    """The servers of the test run."""
    async with AsyncExitStack() as stack:
        folder = tmp_path_factory.mktemp("lacking")
        yield Site(postgres_url, database_template, kafka_bootstrap, broker_rung.is_apache, folder, stack)


@pytest.fixture(scope="module")
async def watched(request: pytest.FixtureRequest, site: Site) -> Mapping[Lack, Watched]:
    """The observations of each process, for the selected cases."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function) and item.path == request.path]
    chosen = {item.callspec.params["case"] for item in items}
    lacks = [case.lack for case in CASES if case in chosen]
    starting = asyncio.Semaphore(STARTS_AT_A_TIME)

    async def seen(lack: Lack) -> Watched:
        async with starting:
            service = await site.start(lack)
        return await watch(service, WINDOW_SECONDS)

    return dict(zip(lacks, await asyncio.gather(*map(seen, lacks)), strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.lack))
def test_a_missing_dependency_is_named_with_few_log_lines(case: Case, watched: Mapping[Lack, Watched]) -> None:
    seen = watched[case.lack]
    lines = "\n".join(seen.lines)
    since = seen.statuses_since_named(case.part, case.word)
    assert since, f"{case.part} never named {case.word!r}: {seen.reported}\n{lines}"
    assert set(since) == {503}, f"ready again, although nothing has changed: {seen.reported}\n{lines}"
    if case.lack.shows_at_start:
        assert {status for status, _ in seen.reported} == {503}, f"ready, although it was not: {seen.reported}\n{lines}"
    assert all(times == 1 for times in seen.lost().values()), (
        f"parts become ready and not ready: {seen.reported}\n{lines}"
    )
    assert len(seen.lines) <= MOST_LINES, f"{len(seen.lines)} lines in {WINDOW_SECONDS:g} s:\n{lines}"
