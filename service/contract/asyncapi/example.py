"""Examples of all messages, as they are on the wire.

`examples.json` is generated from the golden files of the tests: `python -m tests.unit.contract.golden --write`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson

from service.contract.asyncapi.name import STATE_SUFFIX, type_name
from service.contract.catalogue import PUBLISHED, SNAPSHOTS
from service.contract.schemas import dataschema
from service.contract.topics import Topics
from service.version import VERSION

FILE: Final = files("service.contract.asyncapi").joinpath("examples.json")
_NAMES: Final = {type_name(name): name for name in PUBLISHED}
_NAMES.update({f"{type_name(kind.name)}{STATE_SUFFIX}": kind.name for kind in SNAPSHOTS})
_OWN: Final = Topics()


def examples(message: str, topics: Topics) -> list[dict[str, Any]]:
    """Return the examples of a message by its name in the components, with the names of an installation."""
    return [{**one, "headers": _installed(message, one["headers"], topics)} for one in _committed()[message]]


def _installed(message: str, headers: dict[str, Any], topics: Topics) -> dict[str, Any]:
    changed = dict(headers)
    if "ce_dataschema" in headers and message in _NAMES:
        changed["ce_dataschema"] = dataschema(_NAMES[message], topics.schema_base)
    for name, value in headers.items():
        if isinstance(value, str) and value.startswith(f"{_OWN.prefix}."):
            changed[name] = topics.prefix + value.removeprefix(_OWN.prefix)
        elif value == "<version>":
            changed[name] = VERSION
    return changed


@cache
def _committed() -> dict[str, list[dict[str, Any]]]:
    committed: dict[str, list[dict[str, Any]]] = orjson.loads(FILE.read_bytes())
    return committed
