"""The short form of `make abuse`: each attack in small on one process, without times.

The caller beside the attack loses no request, liveness and readiness answer, and memory stays near that at rest.
"""

import secrets
from collections.abc import AsyncIterator

import asyncpg
import pytest

from consumers.kafka.topic import create
from service.settings import load
from tests.abuse.attacker import Attacker, attacker
from tests.abuse.row import ROWS, Row
from tests.abuse.run import run
from tests.abuse.site import Site, add_roles
from tests.abuse.slow_issuer import SlowIssuer
from tests.load import seed
from tests.support import database
from tests.support.ladder import Rung
from tests.support.process import Service
from tests.support.registry import registry_settings

CODES = 10_000
LINES, LINE = 10, 300
"""How much of the log a failure shows: lines, and characters of each."""


@pytest.fixture(scope="module")
async def site(
    postgres_url: str,
    database_template: str,
    kafka_bootstrap: str,
    broker_rung: Rung,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Site]:
    """A database with some codes, and topics."""
    folder, prefix = tmp_path_factory.mktemp("abuse"), f"test-{secrets.token_hex(6)}"
    async with database.made_database(postgres_url, database_template) as name, SlowIssuer().serving() as issuer:
        url = database.url_of(postgres_url, name)
        session = await asyncpg.connect(url)
        await seed.lay_down(session, CODES, users=1, groups=0)
        await session.close()
        await add_roles(url)
        settings = registry_settings(url, kafka_bootstrap, prefix, folder, idempotent=broker_rung.is_apache)
        await create(load(settings))
        yield Site(settings, folder, issuer, CODES)


@pytest.fixture(scope="module")
async def shared(site: Site) -> AsyncIterator[Service]:
    """The process that all rows attack."""
    async with site.service() as started:
        yield started


@pytest.fixture
async def service(site: Site, shared: Service) -> Service:
    """The same process, started again if an attack has ended it."""
    if not shared.alive:
        await site.start(shared)
    return shared


@pytest.fixture(scope="module")
async def attacking() -> AsyncIterator[Attacker]:
    """The process that attacks."""
    async with attacker() as started:
        yield started


@pytest.mark.parametrize("row", [row for row in ROWS if not row.long], ids=lambda row: row.key.replace(" ", "-"))
async def test_the_service_answers_others_beside_an_attack(
    site: Site, service: Service, attacking: Attacker, row: Row
) -> None:
    result = await run(site, service, attacking, row, seconds=0.0, short=True)
    lines = [line[:LINE] for line in service.last_lines(LINES).splitlines()]
    assert result.failures(times=False) == [], "\n".join([str(result.got), *lines])
