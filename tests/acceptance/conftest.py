"""Registries for acceptance tests: real processes on a real broker and a real database."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support import database
from tests.support.ladder import Rung
from tests.support.registry import Registry, registry_settings


@pytest.fixture
async def registry(
    database_url: str, kafka_bootstrap: str, broker_rung: Rung, topic_prefix: str, tmp_path: Path
) -> AsyncIterator[Registry]:
    """A registry for this test alone, with no process yet."""
    settings = registry_settings(
        database_url, kafka_bootstrap, topic_prefix, tmp_path, idempotent=broker_rung.is_apache
    )
    async with Registry(settings, tmp_path).open() as registry:
        yield registry


@pytest.fixture(scope="module")
async def shared(
    postgres_url: str,
    database_template: str,
    kafka_bootstrap: str,
    broker_rung: Rung,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Registry]:
    """A registry with one process that the tests of a module share; each keeps to ids of its own."""
    folder = tmp_path_factory.mktemp("registry")
    prefix = f"test-{secrets.token_hex(6)}"
    async with database.made_database(postgres_url, database_template) as name:
        url = database.url_of(postgres_url, name)
        settings = registry_settings(url, kafka_bootstrap, prefix, folder, idempotent=broker_rung.is_apache)
        async with Registry(settings, folder).open() as registry:
            await registry.started()
            yield registry
