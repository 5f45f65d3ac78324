"""Records that are not commands, of every kind in messages.md, with the expected dead-letter reason."""

import json
import random
from collections.abc import Callable

from service.contract.record import Reason
from tests.support.checker.evidence import Sent
from tests.support.wire import Headers, Writer, binary_event, structured_event

Bytes = tuple[Reason, bytes | None, Headers]

DATA = {"type": "region", "value": "North", "distributor_id": "nobody"}


def _attributes(**changed: str) -> dict[str, str]:
    right = {
        "specversion": "1.0",
        "id": "poison",
        "source": "/driver/poison",
        "type": "producer-registry.group.create.v1",
        "subject": "poisoned",
    }
    return {**right, **changed}


def _without(name: str) -> Bytes:
    attributes = _attributes()
    del attributes[name]
    return ("not-a-cloudevent", *binary_event(attributes, DATA))


def _body(value: bytes) -> Bytes:
    return ("not-json", value, binary_event(_attributes(), DATA)[1])


def _header(name: str, value: bytes) -> Bytes:
    body, headers = binary_event(_attributes(), DATA)
    return ("not-a-cloudevent", body, (*headers, (name, value)))


def _structured(reason: Reason, value: bytes) -> Bytes:
    return (reason, value, structured_event(_attributes(), DATA)[1])


POISONS: dict[str, Callable[[], Bytes]] = {
    "no id": lambda: _without("id"),
    "no source": lambda: _without("source"),
    "no type": lambda: _without("type"),
    "no headers": lambda: ("not-a-cloudevent", json.dumps(DATA).encode(), ()),
    "header not UTF-8": lambda: _header("ce_correlationid", b"\xff\xfe"),
    "two ids": lambda: _header("ce_id", b"another"),
    "long id": lambda: ("not-a-cloudevent", *binary_event(_attributes(id="x" * 129), DATA)),
    "other version": lambda: ("not-a-cloudevent", *binary_event(_attributes(specversion="0.3"), DATA)),
    "base64 of bytes": lambda: _structured("not-json", json.dumps({**_attributes(), "data_base64": "AP8="}).encode()),
    "data twice": lambda: _structured(
        "not-a-cloudevent", json.dumps({**_attributes(), "data": DATA, "data_base64": "e30="}).encode()
    ),
    "structured array": lambda: _structured("not-a-cloudevent", b"[1, 2]"),
    "structured, not JSON": lambda: _structured("not-json", b'{"id": '),
    "half a body": lambda: _body(b'{"type": "region", "value'),
    "NaN": lambda: _body(b'{"type": "region", "value": NaN}'),
    "lone surrogate": lambda: _body(b'{"type": "region", "value": "\\ud800"}'),
    "invalid UTF-8": lambda: _body(b'{"type": "region", "value": "\xc3\x28"}'),
    "deep": lambda: _body(b"[" * 2000 + b"]" * 2000),
    "huge number": lambda: _body(b'{"value": 1e99999999'),
    "tombstone": lambda: ("tombstone", None, binary_event(_attributes(), DATA)[1]),
    "unknown type": lambda: (
        "unknown-type",
        *binary_event(_attributes(type="producer-registry.group.explode.v1"), DATA),
    ),
    "other family": lambda: ("unknown-type", *binary_event(_attributes(type="com.example.created"), DATA)),
}
"""Functions that return each kind of poison record, by name. Too long bodies depend on the limit and are separate."""


def poison(writer: Writer, topic: str, key: str | None, name: str) -> Sent:
    """Return a poison record of the named kind; other headers have bytes that the dead letter must preserve."""
    reason, value, headers = POISONS[name]()
    more: Headers = (("trace", None), ("bytes", b"\x00\xff\xfe"), ("bytes", b"twice"))
    return writer.record(topic, key, value, (*headers, *more), dead=reason, description=f"poison: {name}")


def oversized(writer: Writer, topic: str, key: str | None, size: int) -> Sent:
    """Return a command whose body exceeds the limit of the service."""
    value, headers = binary_event(_attributes(id=f"large-{size}"), {**DATA, "value": "x" * size})
    return writer.record(topic, key, value, headers, dead="too-large", description=f"{size} bytes")


def any_poison(random_: random.Random, writer: Writer, topic: str, key: str | None) -> Sent:
    """Return a poison record of a random kind."""
    return poison(writer, topic, key, random_.choice(sorted(POISONS)))
