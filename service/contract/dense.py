"""Memory-efficient JSON serialization."""

from __future__ import annotations

from typing import Any

import orjson


def dense(value: Any) -> bytes:
    """Serialize to JSON bytes that use no more memory than their length.

    orjson returns bytes in its oversized write buffer: 4 KiB for 300 bytes, 15 KiB for 1,500, and thousands of messages
    are in memory at a time. A slice is a copy of the right size; appending a newline provides a byte to slice off.
    """
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)[:-1]
