"""The application on a database per test, and on a database shared by all tests of this folder.

Creating a database takes a second: tests that only read, or restore what they change, use the shared one.
"""

from collections.abc import AsyncIterator

import pytest

from tests.integration.http import seeds
from tests.integration.http.registry_client import RegistryClient, open_registry
from tests.integration.http.writing import Writing, open_writing
from tests.support import database


@pytest.fixture
async def empty_registry(database_url: str) -> AsyncIterator[RegistryClient]:
    """Return a client of an empty registry."""
    async with open_registry(database_url) as one:
        yield one


@pytest.fixture(scope="session")
async def seeded_registry(postgres_url: str, database_template: str) -> AsyncIterator[RegistryClient]:
    """Return a client of a registry with the seed data; change it only within `changed`."""
    async with (
        database.made_database(postgres_url, database_template) as name,
        open_registry(database.url_of(postgres_url, name)) as one,
    ):
        await one.save(seeds.WORLD)
        yield one


@pytest.fixture
async def writing(database_url: str) -> AsyncIterator[Writing]:
    """Return a client that writes to a registry with the directory of the seed documents."""
    async with open_writing(database_url) as one:
        yield one
