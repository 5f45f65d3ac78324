"""Hooks of Schemathesis for limits that no schema can describe."""

from typing import Any

import schemathesis

from service.http.collection import MAX_OFFSET, MAX_SORTED_OFFSET


@schemathesis.hook
def map_query(_: schemathesis.HookContext, query: dict[str, Any] | None) -> dict[str, Any] | None:
    """Put an offset that is valid only with sort=code within the limit of the other sort keys."""
    if query and "sort" in query and isinstance(offset := query.get("pageOffset"), int) and offset <= MAX_OFFSET:
        query["pageOffset"] = min(offset, MAX_SORTED_OFFSET)
    return query
