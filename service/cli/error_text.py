"""The text of an error for users: the texts of libraries, without the notation of Python."""

import os
import re

_NOTATION = (
    # Addresses of sockets, in IPv4 and IPv6, and as the Kafka client writes them.
    (re.compile(r"\('([^']+)', (\d+)(?:, \d+, \d+|, <AddressFamily\.\w+: \d+>)?\)"), r"\1:\2"),
    (re.compile(r"\b(?:[A-Z]\w*(?:Error|Exception)|gaierror): "), ""),
    (re.compile(r"\[Errno -?\d+\] "), ""),
    (re.compile(r"\bTimeoutError\b"), "no answer in time"),
)

# The text of asyncio does not say why.
_REFUSED = re.compile(r"\[Errno (\d+)\] Connect call failed ")


def error_text(error: object) -> str:
    """Return the text of an error without class names, error numbers and tuples. It is never empty."""
    text = str(error) or type(error).__name__
    text = _REFUSED.sub(lambda found: f"{os.strerror(int(found[1]))}: ", text)
    for notation, plain in _NOTATION:
        text = notation.sub(plain, text)
    return text
