"""The messages of the state topics: a record for each kind of snapshot, and tombstones."""

from __future__ import annotations

from typing import Any, Final

from service.contract.asyncapi.binding import text_key
from service.contract.asyncapi.header import header_schema
from service.contract.asyncapi.name import STATE_SUFFIX, TOMBSTONE, data_name, schema_ref, type_name
from service.contract.asyncapi.published_attribute import PUBLISHED, event_attributes
from service.contract.catalogue import SNAPSHOTS, AggregateType, EventKind
from service.contract.state import ASSOCIATIONS

STATE_KEYS: Final[dict[AggregateType, str]] = {
    "group": "the id of the group, or of the association of a producer code with it",
    "code": "the id of the producer code",
    "user": "the id of the user, or of the association of a producer code with it",
    "directory": "organization/, branch/, role/ or product/ and the id of the object, such as role/producer, because a "
    "role and a product may have the same id",
}
"""The keys of the state topics."""

_JSON: Final[dict[str, Any]] = {
    "type": "string",
    "const": "application/json",
    "description": "Media type of the body.",
}
_ID: Final[dict[str, Any]] = {
    "type": "string",
    "maxLength": 128,
    "description": "Time and position of the record: a duplicate has the same id, and no other message has it.",
}
_TIME: Final[dict[str, Any]] = {
    **PUBLISHED["time"],
    "description": "Time of the last change in the transaction, or of a resend, in UTC.",
}
_SEQUENCE: Final[dict[str, Any]] = {
    **PUBLISHED["sequence"],
    "description": "Position of the record: it rises for each key, also after a failover or a restore. Compare it as "
    "text.",
}
_KEY: Final = "The key of what the record is about; see the channel."
_WITHOUT_DATA: Final = ("specversion", "id", "source", "time", "sequence", "subject", "partitionkey", "entityversion")


def state_messages() -> dict[str, dict[str, Any]]:
    """Return the messages by name."""
    return {
        **{f"{type_name(kind.name)}{STATE_SUFFIX}": _record(kind) for kind in SNAPSHOTS},
        TOMBSTONE: {
            "name": TOMBSTONE,
            "title": "tombstone",
            "summary": "What has this key is no longer in the registry; the record has no value.",
            "tags": [{"$ref": "#/components/tags/states"}],
            "headers": header_schema(TOMBSTONE, _tombstone_headers(), [f"ce_{name}" for name in _tombstone_required()]),
            "payload": {"type": "null", "description": "No value."},
            "bindings": {"kafka": text_key(_KEY, required=True)},
        },
    }


def _record(kind: EventKind) -> dict[str, Any]:
    name = f"{type_name(kind.name)}{STATE_SUFFIX}"
    known, required = event_attributes(kind.name, snapshot=True)
    of_owner = {**known["entityversion"], "description": "Version of the owner when the record was written."}
    version = of_owner if kind.name in ASSOCIATIONS else known["entityversion"]
    attributes = {**known, "id": _ID, "time": _TIME, "sequence": _SEQUENCE, "entityversion": version}
    headers = {"content-type": _JSON, **{f"ce_{attribute}": schema for attribute, schema in attributes.items()}}
    return {
        "name": name,
        "title": f"{kind.name} (state)",
        "summary": kind.summary.replace(", for new subscribers", ""),
        "tags": [{"$ref": "#/components/tags/states"}],
        "contentType": "application/json",
        "headers": header_schema(name, headers, ["content-type", *(f"ce_{attribute}" for attribute in required)]),
        "payload": schema_ref(data_name(kind.name)),
        "bindings": {"kafka": text_key(_KEY, required=True)},
    }


def _tombstone_required() -> list[str]:
    return ["type", *_WITHOUT_DATA]


def _tombstone_headers() -> dict[str, Any]:
    type_ = {
        "type": "string",
        "enum": [kind.type for kind in SNAPSHOTS],
        "title": "TombstoneType",
        "description": "Type of the records before it.",
    }
    known = {name: PUBLISHED[name] for name in _WITHOUT_DATA}
    attributes = {"type": type_, **known, "id": _ID, "time": _TIME, "sequence": _SEQUENCE}
    return {f"ce_{name}": schema for name, schema in attributes.items()}
