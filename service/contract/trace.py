"""The header `traceparent` of W3C Trace Context."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_TRACEPARENT: Final = re.compile(rb"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


def trace_id(headers: Iterable[tuple[str | bytes, bytes | None]]) -> dict[str, str]:
    """Return the field `trace_id` of a log line about a record or a request with these headers, if they have one."""
    for name, value in headers:
        if name in {"ce_traceparent", b"traceparent"} and value and (found := _TRACEPARENT.fullmatch(value)):
            return {"trace_id": found[1].decode()}
    return {}
