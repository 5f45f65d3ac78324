"""A client that openapi-python-client generates from the OpenAPI document creates, changes and deletes."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from service.http.development_key import sign
from tests.support.registry import Registry

GENERATOR = Path(sys.executable).parent / "openapi-python-client"
PACKAGE = "generated_registry_client"


class Generated:
    """The generated client of a process."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def call(self, module: str, *ids: str, body: Any = None, **headers: str) -> Any:
        """Call an operation such as `groups.create_group`; the response has status, headers and parsed data."""
        operation: Any = import_module(f"{PACKAGE}.api.{module}")
        given = headers if body is None else {**headers, "body": body}
        return await operation.asyncio_detailed(*ids, client=self._client, **given)

    @staticmethod
    def model(name: str, data: dict[str, Any]) -> Any:
        """Return a model of the client with this data."""
        return getattr(import_module(f"{PACKAGE}.models"), name).from_dict(data)


@pytest.fixture
async def generated(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Generated]:
    """Generate the client from the document of a process."""
    service = await registry.started()
    await registry.accepted("organization.put", "pc:4", {"displayName": "ACV Property Insurance"}, id="o")
    await registry.accepted("role.put", "producer", {"displayName": "Producer"}, id="r")
    address = f"http://127.0.0.1:{service.api_port}"
    (tmp_path / "settings.yml").write_text("post_hooks: []\n")
    process = await asyncio.create_subprocess_exec(
        *(str(GENERATOR), "generate", "--url", f"{address}/openapi.json", "--fail-on-warning"),
        *("--output-path", str(tmp_path / PACKAGE), "--meta", "none", "--config", str(tmp_path / "settings.yml")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    folder = Path(str(registry.settings["jwks"])).parent
    scope = "admin:read admin:write"
    token = sign(folder, subject="ann", scope=scope, audience="producer-registry", issued_at=int(time.time()))
    async with import_module(PACKAGE).AuthenticatedClient(base_url=address, token=token, timeout=60) as client:
        yield Generated(client)
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


async def test_a_generated_client_creates_changes_and_deletes(generated: Generated) -> None:
    call, model = generated.call, generated.model
    attributes = {"code": "301-008579", "organization": {"id": "pc:4"}, "roles": [{"id": "producer"}]}
    body = model("CreateProducerCodeRequest", {"data": {"attributes": attributes}})
    created = await call("producer_codes.create_producer_code", body=body, idempotency_key="one", prefer="wait=30")
    assert created.status_code == 201, created.content
    code = created.parsed.data.attributes.id
    assert created.headers["location"] == f"/admin/v1/producer-codes/{code}"
    again = await call("producer_codes.create_producer_code", body=body, idempotency_key="one")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")

    change = model("UpdateProducerCodeRequest", {"data": {"attributes": {"description": "Commercial"}}})
    changed = await call("producer_codes.update_producer_code", code, body=change, if_match=created.headers["etag"])
    assert (changed.status_code, changed.parsed.data.attributes.description) == (200, "Commercial")
    stale = await call("producer_codes.update_producer_code", code, body=change, if_match=created.headers["etag"])
    assert (stale.status_code, stale.parsed.errors[0].path) == (412, "If-Match")

    region = {"type": "region", "value": "West", "distributor_id": "pc:4"}
    group = (await call("groups.create_group", body=model("CreateArea", region))).parsed.group.id
    east = await call("groups.replace_group", group, body=model("UpdateArea", {"type": "region", "value": "East"}))
    assert (east.status_code, east.parsed.group.value) == (200, "East")

    person = {"name": "Ben", "email": "ben@example.com", "distributor_id": "pc:4", "groups": [group]}
    made = await call("producers.create_producer", body=model("CreateProducerRequest", person))
    assert (made.status_code, made.parsed.producer.groups) == (201, [group])
    user = made.parsed.producer.id
    left = await call(
        "producers.replace_producer",
        user,
        body=model("ReplaceProducerRequest", {"name": "Ben", "email": "ben@example.com"}),
    )
    assert (left.status_code, left.parsed.producer.groups) == (200, [])

    held = {"data": {"attributes": {"producerCode": {"id": code}}}}
    for owner, kind, name in ((user, "users", "User"), (group, "groups", "Group")):
        path = f"{kind}.{{}}_{name.lower()}_producer_code"
        added = await call(path.format("add"), owner, body=model(f"Add{name}ProducerCodeRequest", held))
        assert (added.status_code, added.parsed.data.attributes.producer_code.id) == (201, code), added.content
        removed = await call(path.format("remove"), owner, code)
        assert (removed.status_code, removed.parsed) == (204, None)
        gone = await call(path.format("get"), owner, code)
        assert (gone.status_code, gone.parsed.errors[0].code) == (404, "not-found")
