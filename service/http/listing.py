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


def schema_list(base: str) -> dict[str, Any]:
    """Return the list at `/schemas/`: each message with the revisions of its schema; `base` begins their URIs."""
    return {"schemas": [_schema(name, base) for name in sorted(schemas.names())]}


def _schema(name: str, base: str) -> dict[str, Any]:
    revisions = schemas.revisions(name)
    return {
        "name": name,
        "title": orjson.loads(revisions[0].content)["description"],
        "href": schema_path(name).removeprefix("/schemas/"),
        "revisions": [
            # Without the dot, what is before the colon would be the scheme of a URI.
            {
                "id": base + one.identifier,
                "href": f"./{one.identifier}",
                "releases": one.releases,
                "current": one is revisions[0],
            }
            for one in revisions
        ],
    }
