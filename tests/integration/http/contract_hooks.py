"""Hooks of Schemathesis for limits that no schema can describe."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote
from uuid import uuid4

import schemathesis

from service.http.collection import MAX_OFFSET, MAX_SORTED_OFFSET
from service.http.openapi_write import KEY, TAG
from service.http.value import is_id
from tests.integration.http import seeds

KEYS: Final = ("Idempotency-Key", "GW-DBTransaction-ID")

REFERENCES: Final[dict[str, Any]] = {
    "distributor_id": seeds.ARMSTRONG,
    "organization": {"id": seeds.ARMSTRONG},
    "branch": {"id": seeds.LOS_ANGELES},
    "roles": [{"id": seeds.PRODUCER}],
    "producerCode": {"id": "pc:18"},
    "groups": [seeds.OFFICE],
}
"""Objects of the seed world in the form in which bodies name objects."""

IN_PATHS: Final = {
    "userId": seeds.ANN,
    "groupId": seeds.OFFICE,
    "producerId": seeds.BEN,
    "producerCodeId": "pc:18",
}
MOST_ITEMS: Final = 10


@schemathesis.hook
def map_query(_: schemathesis.HookContext, query: dict[str, Any] | None) -> dict[str, Any] | None:
    """Put an offset that is valid only with sort=code within the limit of the other sort keys."""
    if query and "sort" in query and isinstance(offset := query.get("pageOffset"), int) and offset <= MAX_OFFSET:
        query["pageOffset"] = min(offset, MAX_SORTED_OFFSET)
    return query


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: Any, __: dict[str, Any]) -> None:
    """Give a request that writes what it needs to be decided."""
    if case.method == "GET":
        return
    if case.headers:
        _change_headers(case.headers)
    if case.meta is None or case.meta.generation.mode.is_positive:
        # Schemathesis validates changed parameters again, as if they were not percent-encoded.
        for name, value in (case.path_parameters or {}).items():
            case.path_parameters[name] = unquote(str(value))
        _name_known(case.path_parameters, IN_PATHS)
        _name_known(case.body, REFERENCES)


def _change_headers(headers: Any) -> None:
    """Give a valid key that no request had before, in one header, and omit most entity tags, which never match."""
    given = {name: headers[name] for name in KEYS if name in headers}
    if given and all(re.fullmatch(KEY["pattern"], str(key)) for key in given.values()):
        for name in given:
            del headers[name]
        headers[next(iter(given))] = str(uuid4())
    tag = str(headers.get("If-Match", ""))
    if re.fullmatch(TAG["pattern"], tag) and len(tag) % 4:
        del headers["If-Match"]


def _name_known(values: Any, known_values: Mapping[str, Any]) -> None:
    """Let every second valid reference in a path or body name an object that exists."""
    if not isinstance(values, dict):
        return
    for name, value in values.items():
        known = known_values.get(name)
        if known is not None and (ids := _ids(value, known)) and len(ids[0]) % 2:
            values[name] = known
        else:
            _name_known(value, known_values)


def _ids(value: Any, known: Any) -> list[str]:
    """Return the valid ids in a value of the same form as the known one, none if it has another form."""
    if isinstance(value, str) and isinstance(known, str):
        return [value] if is_id(value) else []
    if isinstance(value, dict) and isinstance(known, dict) and value.keys() == {"id"}:
        return _ids(value["id"], known["id"])
    if isinstance(value, list) and isinstance(known, list) and len(value) <= MOST_ITEMS:
        parts = [_ids(part, known[0]) for part in value]
        return [part[0] for part in parts] if all(parts) else []
    return []
