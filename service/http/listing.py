"""The lists of what is available without a token. Addresses are relative to the list, so they need no base path."""

from typing import Any, Final

import orjson

from service.contract import schemas
from service.contract.catalogue import schema_path

DOCUMENTS: Final = (
    {"name": "docs", "title": "The HTTP API as a page for browsers", "href": "docs"},
    {"name": "openapi", "title": "The HTTP API as an OpenAPI document", "href": "openapi.json"},
    {"name": "asyncapi", "title": "The messages on Kafka as an AsyncAPI document", "href": "asyncapi.json"},
    {"name": "schemas", "title": "The JSON Schemas of the messages", "href": "schemas/"},
)


def documents() -> dict[str, Any]:
    """Return the list at `/`."""
    return {"documents": DOCUMENTS}


def schema_list() -> dict[str, Any]:
    """Return the list at `/schemas/`."""
    return {"schemas": [_schema(name) for name in sorted(schemas.names())]}


def _schema(name: str) -> dict[str, str]:
    title = orjson.loads(schemas.committed(name))["description"]
    return {"name": name, "title": title, "href": schema_path(name).removeprefix("/schemas/")}
