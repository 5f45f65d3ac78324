"""The documents that a service serves are checked with AsyncAPI's parser, Spectral and ajv."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from service.contract.catalogue import COMMANDS, PUBLISHED
from tests.interop.program import run
from tests.support.process import Service
from tests.unit.contract.golden import golden

WARNING = 1
"""The highest number of what Spectral calls an error or a warning; hints and information are above."""

NOT_APPLICABLE = {
    "asyncapi-servers": "an installation may keep the addresses of its brokers to itself",
    "asyncapi-info-contact-properties": "an installation may have a name or an address only",
    "asyncapi-info-license-url": "the name is an identifier of SPDX",
    "asyncapi-3-tags-alphabetical": "tags are in the order of the channels",
    "asyncapi-3-operation-description": "operations have summaries",
}
"""Warnings of Spectral that are allowed, each with the reason."""


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the HTTP API."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{service.api_port}") as one:
        yield one


async def test_the_asyncapi_document_is_valid(client: httpx2.AsyncClient, node: Path) -> None:
    document = (await client.get("/asyncapi.json")).text
    [found] = await run(["node", str(node / "asyncapi.js")], document)
    assert [one for one in found["parser"] if one["severity"] <= WARNING] == []
    warnings = [one for one in found["spectral"] if one["severity"] <= WARNING]
    assert [one for one in warnings if one["code"] not in NOT_APPLICABLE] == []


async def test_the_schemas_compile_in_strict_mode_and_accept_the_golden_messages(
    client: httpx2.AsyncClient, node: Path
) -> None:
    served = (await client.get("/schemas/")).json()["schemas"]
    schemas = {one["name"]: (await client.get(f"/schemas/{one['href']}")).json() for one in served}
    assert schemas.keys() >= {*PUBLISHED, *(kind.name for kind in COMMANDS)}
    messages = [
        message_data(name, message)
        for name, message in golden().items()
        if not name.startswith("dead-letter/") and not name.endswith(".tombstone")
    ]
    assert {name for name, _ in messages} >= schemas.keys()
    [errors] = await run(["node", str(node / "schemas.js")], json.dumps({"schemas": schemas, "messages": messages}))
    assert errors == []


def message_data(name: str, message: Mapping[str, Any]) -> tuple[str, object]:
    """Return the name of the schema of a golden message, and its data."""
    event = message.get("event")
    kind, data = (message["type"], message["value"]) if event is None else (event["type"], event["data"])
    return kind.removeprefix("producer-registry.").removesuffix(".v1"), data
