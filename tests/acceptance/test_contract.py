"""Schemathesis checks reads and writes of a process against its OpenAPI document, with consumers that decide.

REGISTRY_TEST_EXAMPLES sets the number of requests per operation in the longest phase.
"""

import time
from pathlib import Path

import asyncpg
import pytest

from service.core.world import World
from service.http.app import OPERATIONS, WRITES
from service.http.development_key import sign
from service.store.world_save import save_world
from tests.integration.http import seeds
from tests.integration.http.test_contract import CURSORS, run_schemathesis, with_example_ids
from tests.support.registry import Registry

SCOPES = "account:read admin:read admin:write"

# A body that is valid by its schema may name objects that do not exist, or break a rule between objects. Some requests
# lack the token on purpose. Any other value than an entity tag of the registry is answered 412.
CONFIGURATION = """
[auth.openapi.bearer]
bearer = "{token}"

[checks.positive_data_acceptance]
expected-statuses = ["2xx", 401, 403, 404, 409, 412, 422]

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 409, 412, 413, 415, 422]
"""


@pytest.mark.timeout(600)
async def test_reads_and_writes_conform_to_the_openapi_document(registry: Registry, tmp_path: Path) -> None:
    connection = await asyncpg.connect(str(registry.settings["database_url"]))
    async with connection.transaction():
        await save_world(connection, World(), with_example_ids())
    await connection.close()
    service = await registry.started()
    folder = Path(str(registry.settings["jwks"])).parent
    token = sign(folder, subject=seeds.ANN, scope=SCOPES, audience="producer-registry", issued_at=int(time.time()))
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION.format(token=token) + CURSORS)
    output = await run_schemathesis(tmp_path, f"http://127.0.0.1:{service.api_port}")
    operations = sum(
        1 + len(aliases) for aliases in [*(one.aliases for one in OPERATIONS), *(one.aliases for one in WRITES)]
    )
    assert f"Tested: {operations}" in output, output
    assert await service.stop() == 0, service.last_lines()
