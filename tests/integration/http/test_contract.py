"""Schemathesis checks the served application against the OpenAPI document, with valid and invalid requests.

REGISTRY_TEST_EXAMPLES sets the number of requests per operation in the longest phase.
"""

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

from service.core.world import World
from service.http.app import OPERATIONS
from service.http.cursor import issued
from service.http.openapi_parts import EXAMPLE_CODES, EXAMPLE_IDS
from tests.integration.http import seeds
from tests.integration.http.registry_client import READ, TRUSTED, open_registry
from tests.support.served import served

EXAMPLES = int(os.environ.get("REGISTRY_TEST_EXAMPLES", "8"))
SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"


# No schema can describe which cursors a list issued.
CURSORS = "".join(
    f'[[operations]]\ninclude-path = "/{name}"\nparameters = {{ cursor = "{issued(name, "pc:1")}" }}\n'
    for name in ("groups", "producers")
)


async def run_schemathesis(folder: Path, url: str, *options: str) -> str:
    """Check the API at this address, with the configuration in the folder, and return what was printed."""
    process = await asyncio.create_subprocess_exec(
        *(str(SCHEMATHESIS), "run", f"{url}/openapi.json", "--no-color"),
        *("--max-examples", str(EXAMPLES), *options),
        cwd=folder,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.integration.http.contract_hooks"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode()
    assert process.returncode == 0, output
    return output


async def test_all_responses_conform_to_the_openapi_document(database_url: str, tmp_path: Path) -> None:
    async with open_registry(database_url) as one, served(one.app) as url:
        await one.save(with_example_ids())
        token = TRUSTED.token(sub=seeds.ANN, scope=READ)
        (tmp_path / "schemathesis.toml").write_text(CURSORS)
        output = await run_schemathesis(tmp_path, url, "--header", f"Authorization: Bearer {token}")
    paths = sum(1 + len(operation.aliases) for operation in OPERATIONS)
    assert f"Tested: {paths}" in output, output


def with_example_ids() -> World:
    """Return the seed world with associations between the ids of the document's examples."""
    of_user, of_group = EXAMPLE_CODES["userId"], EXAMPLE_CODES["groupId"]
    return replace(
        seeds.WORLD,
        codes={of_user: seeds.code(of_user, "501-002547", seeds.ARMSTRONG), **seeds.WORLD.codes},
        user_associations={**seeds.WORLD.user_associations, **seeds.user_holds(EXAMPLE_IDS["userId"], of_user)},
        group_associations={**seeds.WORLD.group_associations, **seeds.group_holds(EXAMPLE_IDS["groupId"], of_group)},
    )
