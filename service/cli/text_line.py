"""Lines of text whose content comes from messages: control characters, which could affect the terminal, are escaped."""

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    """Return a text with control characters as escapes; tabs and line breaks stay."""
    return _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def text_line(name: str, value: object) -> str:
    """Return a line with a name and a value."""
    return printable(f"{name:16} {value}")
