"""Schemathesis checks the served application against the OpenAPI document, with valid and invalid requests.

REGISTRY_TEST_EXAMPLES sets the number of requests per operation in the longest phase.
"""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import uvicorn

from service.core.world import World
from service.http.app import OPERATIONS
from service.http.cursor import issued
from service.http.openapi import EXAMPLE_IDS
from service.http.protocol import Protocol
from tests.integration.http import seeds
from tests.integration.http.registry_client import READ, TRUSTED, RegistryClient, open_registry
from tests.support.wait import eventually

EXAMPLES = int(os.environ.get("REGISTRY_TEST_EXAMPLES", "8"))
SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signal handling to pytest."""
        yield


# No schema can describe which cursors a list issued.
CURSORS = "".join(
    f'[[operations]]\ninclude-path = "/{name}"\nparameters = {{ cursor = "{issued(name, "pc:1")}" }}\n'
    for name in ("groups", "producers")
)


@asynccontextmanager
async def served(one: RegistryClient) -> AsyncIterator[str]:
    """Serve the application as in production, and return its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # uvloop sets it on accepted sockets; asyncio does not, and each response would wait for an acknowledgement.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(one.app, http=Protocol, ws="none", lifespan="off", log_config=None, access_log=False)
        server = _Server(config)
        serving = asyncio.create_task(server.serve([listening]))
        await eventually(lambda: server.started, what="the server")
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await serving


async def test_all_responses_conform_to_the_openapi_document(database_url: str, tmp_path: Path) -> None:
    async with open_registry(database_url) as one, served(one) as url:
        await one.save(_with_example_ids())
        token = TRUSTED.token(sub=seeds.ANN, scope=READ)
        (tmp_path / "schemathesis.toml").write_text(CURSORS)
        process = await asyncio.create_subprocess_exec(
            *(str(SCHEMATHESIS), "run", f"{url}/openapi.json", "--no-color"),
            *("--header", f"Authorization: Bearer {token}", "--max-examples", str(EXAMPLES)),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    paths = sum(1 + len(operation.aliases) for operation in OPERATIONS)
    assert f"Tested: {paths}" in output.decode(), output.decode()


def _with_example_ids() -> World:
    """Return the seed world with associations between the ids of the document's examples."""
    code, user, group = EXAMPLE_IDS["producerCodeId"], EXAMPLE_IDS["userId"], EXAMPLE_IDS["groupId"]
    return replace(
        seeds.WORLD,
        user_associations={**seeds.WORLD.user_associations, **seeds.user_holds(user, code)},
        group_associations={**seeds.WORLD.group_associations, **seeds.group_holds(group, code)},
    )
