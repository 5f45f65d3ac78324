"""The messages of the dead-letter topic: dead letters, and the marks of operators."""

from __future__ import annotations

from typing import Any, Final, get_args

from service.contract.asyncapi.header import ADDRESS, header_schema
from service.contract.asyncapi.name import schema_ref
from service.contract.dead_letter import HEADERS, MAX_MESSAGE
from service.contract.dead_letter_mark import MARK, MARK_OF, Mark
from service.contract.record import REASONS

LETTER: Final = "DeadLetter"
MARKER: Final = "DeadLetterMark"

_TAGS: Final = [{"$ref": "#/components/tags/deadLetters"}]
_REASONS: Final = " ".join(f"`{reason}`: {cause}." for reason, cause in REASONS.items())
_ADDED: Final[dict[str, dict[str, Any]]] = dict(
    zip(
        HEADERS,
        (
            {"type": "string", "description": "Topic of the original record."},
            {"type": "string", "pattern": "^[0-9]+$", "description": "Partition of the original record."},
            {"type": "string", "pattern": "^[0-9]+$", "description": "Offset of the original record."},
            {
                "type": "string",
                "maxLength": MAX_MESSAGE,
                "description": f"What is wrong, for people. A text with more than {MAX_MESSAGE:,} characters lacks its "
                "middle.",
            },
            {"type": "string", "enum": [*REASONS], "title": "DeadLetterReason", "description": _REASONS},
            {"type": "string", "format": "date-time", "description": "Time of the decision in UTC."},
            {"type": "string", "description": "Version of the service."},
        ),
        strict=True,
    )
)


def dead_letter_messages(key: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the messages by name; `key` is the binding of their key."""
    return {
        LETTER: {
            "name": LETTER,
            "title": "Dead letter",
            "summary": "A record that cannot be read as a command of a sender.",
            "description": "Key, value and headers are those of the record, byte for byte; the headers below follow "
            "them. The sender gets no outcome. If a record was dead-lettered twice, the last header of each name "
            "counts.",
            "tags": _TAGS,
            "contentType": "application/octet-stream",
            "headers": header_schema(LETTER, _ADDED, [*_ADDED]),
            "payload": schema_ref("DeadLetterValue"),
            "bindings": {"kafka": key},
        },
        MARKER: {
            "name": MARKER,
            "title": "Mark of a dead letter",
            "summary": "An operator has replayed or discarded a dead letter.",
            "description": "The record has no value. Its key is the address of the dead letter. A replayed record is "
            "on its original topic again. Marks count in the order of the topic: the last one of an address is valid.",
            "tags": _TAGS,
            "contentType": "application/octet-stream",
            "headers": header_schema(
                MARKER,
                {
                    MARK: {
                        "type": "string",
                        "enum": [*get_args(Mark)],
                        "title": "DeadLetterState",
                        "description": "New state of the dead letter.",
                    },
                    MARK_OF: {
                        "type": "string",
                        "pattern": ADDRESS,
                        "description": "Address of the dead letter: topic, partition and offset.",
                    },
                },
                [MARK, MARK_OF],
            ),
            "payload": schema_ref("NoValue"),
            "bindings": {"kafka": key},
        },
    }


DEAD_LETTER_SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "DeadLetterValue": {
        "title": "DeadLetterValue",
        "type": ["string", "null"],
        "description": "The value of the record: any bytes, or null. Examples show it as Latin-1 text.",
    },
    "NoValue": {"title": "NoValue", "type": "null", "description": "The record has no value."},
}
"""The schemas of the values, by their names in the components."""
