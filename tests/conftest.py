"""Options and fixtures of every tier: the servers of the ladder, started when a test first asks for one.

Unit tests ask for none. A test has a database of its own, and keeps to its own topics by its own prefix.
"""

import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import Any

import pytest

from service.stack import reaper
from tests.support import database, ladder, temporary
from tests.support.ladder import Rung
from tests.support.overdue import cancel_when_overdue

DATABASE = pytest.StashKey[Rung]()
BROKER = pytest.StashKey[Rung]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --broker, --pgbouncer and --seed."""
    parser.addoption("--broker", choices=["tansu", "apache"], default=None, help="start this broker for the tests")
    parser.addoption("--pgbouncer", action="store_true", help="collect the tests that need the program pgbouncer, too")
    parser.addoption("--seed", default=None, help="seed of generated worlds; the header of a run tells the one it took")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the rungs once, so that header and fixtures say the same; keep temporary folders where the reaper deletes.

    Give --basetemp to look at the folders of tests afterwards.
    """
    # Workers get the options of the first process as they are now, and so the same seed.
    config.option.seed = config.option.seed or secrets.token_hex(4)
    tempfile.tempdir = str(temporary.folder())
    root = str(reaper.attach().root)
    os.environ["TMPDIR"] = tempfile.tempdir = root
    if config.option.basetemp is None:
        config.option.basetemp = f"{root}/pytest"
    config.stash[DATABASE] = ladder.database_rung()
    config.stash[BROKER] = ladder.broker_rung(config.getoption("--broker"))


def pytest_report_header(config: pytest.Config) -> str:
    """Say what the tests run on."""
    return (
        f"database: {config.stash[DATABASE].words}; broker: {config.stash[BROKER].words}; --seed {config.option.seed}"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave tests of other programs to the runs with their options; `make test` needs neither Java nor PgBouncer."""
    name = collection_path.name
    other_broker = name.endswith("_apache.py") and config.getoption("--broker") != "apache"
    other_pooler = name.endswith("_pgbouncer.py") and not config.getoption("--pgbouncer")
    return True if other_broker or other_pooler else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests without the broker of the run to `make test`: they would do the same on Apache Kafka."""
    if config.getoption("--broker") != "apache":
        return
    fixtures = {"kafka_bootstrap", "broker_rung"}
    others = [
        item
        for item in items
        if not item.path.name.endswith("_apache.py") and fixtures.isdisjoint(getattr(item, "fixturenames", ()))
    ]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


@pytest.hookimpl(wrapper=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> Generator[None, object, object]:
    """End asynchronous tests in order when pytest-timeout finds that they take too long."""
    result = yield
    cancel_when_overdue(item, settings.timeout)
    return result


@pytest.fixture(scope="session")
async def postgres_url(pytestconfig: pytest.Config) -> AsyncIterator[str]:
    """The URL of the database server; its user may make databases."""
    async with ladder.database_server(pytestconfig.stash[DATABASE]) as url:
        yield url


@pytest.fixture(scope="session")
async def database_template(postgres_url: str) -> AsyncIterator[str]:
    """The name of a database with all migrations; to be copied, never to be connected to."""
    async with database.migrated_database(postgres_url) as name:
        yield name


@pytest.fixture
async def database_url(postgres_url: str, database_template: str) -> AsyncIterator[str]:
    """The URL of a fresh, migrated database for this test alone."""
    async with database.made_database(postgres_url, database_template) as name:
        yield database.url_of(postgres_url, name)


@pytest.fixture
async def empty_database_url(postgres_url: str) -> AsyncIterator[str]:
    """The URL of a fresh database without any migration, for this test alone."""
    async with database.made_database(postgres_url) as name:
        yield database.url_of(postgres_url, name)


@pytest.fixture(scope="session")
async def kafka_bootstrap(pytestconfig: pytest.Config) -> AsyncIterator[str]:
    """The bootstrap servers of the broker that all tests of the run share."""
    async with ladder.broker(pytestconfig.stash[BROKER]) as address:
        yield address


@pytest.fixture(scope="session")
def broker_rung(pytestconfig: pytest.Config) -> Rung:
    """Which broker the run has; `is_apache` tells whether idempotent producers work."""
    return pytestconfig.stash[BROKER]


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> str:
    """The seed of worlds that are generated anew in each run."""
    return str(pytestconfig.option.seed)


@pytest.fixture
def topic_prefix() -> str:
    """A prefix of topics and groups for this test alone."""
    return f"test-{secrets.token_hex(6)}"
