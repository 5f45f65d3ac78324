"""Code blocks of Markdown documents, and expected output with placeholders.

A comment on the line before a block says how the block is run: `<!-- run: background -->`. Without one it is run to its
end. In expected output `…` stands for any text within a line, and a line that is only `…` for any number of lines.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PLACEHOLDER = "…"

_FENCE = re.compile(r"^( *)```(\w*)$")
_DIRECTIVE = re.compile(r"^ *<!-- run: ([a-z ]+) -->$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its text without the indentation of the fence, its first line, how it is run."""

    language: str
    text: str
    line: int
    mode: str = ""


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a Markdown text in their order; raises ValueError for a fence that does not end."""
    result: list[Block] = []
    opened: tuple[str, str, int] | None = None
    content: list[str] = []
    mode = ""
    for number, line in enumerate(text.splitlines(), start=1):
        fence = _FENCE.match(line)
        if opened is not None:
            indent, language, first = opened
            if fence and not fence[2]:
                result.append(Block(language, "\n".join(content) + "\n", first, mode))
                opened, content, mode = None, [], ""
            else:
                content.append(line.removeprefix(indent))
        elif fence:
            opened = (fence[1], fence[2], number + 1)
        elif directive := _DIRECTIVE.match(line):
            mode = directive[1]
    if opened is not None:
        raise ValueError(f"the block that begins on line {opened[2]} has no end")
    return result


def matches(expected: str, actual: str) -> bool:
    """Return whether the actual output is the expected one, placeholders aside."""
    pattern = ""
    for line in expected.strip("\n").split("\n"):
        if line.strip() == PLACEHOLDER:
            pattern += r"(?:.*\n)*?"
        else:
            parts = map(re.escape, line.rstrip().split(PLACEHOLDER))
            pattern += ".*?".join(parts) + r" *\n"
    return re.fullmatch(pattern, actual.strip("\n") + "\n") is not None


def matches_json(expected: str, actual: str) -> bool:
    """Return whether two JSON texts have the same content in any layout; the string `…` stands for any value."""
    try:
        return _same(json.loads(expected), json.loads(actual))
    except ValueError:
        return False


def _same(expected: Any, actual: Any) -> bool:
    match expected:
        case dict():
            same = isinstance(actual, dict) and expected.keys() == actual.keys()
            return same and all(_same(value, actual[name]) for name, value in expected.items())
        case list():
            same = isinstance(actual, list) and len(expected) == len(actual)
            return same and all(map(_same, expected, actual))
        case str():
            return expected == PLACEHOLDER or (isinstance(actual, str) and matches(expected, actual))
        case _:
            return type(expected) is type(actual) and bool(expected == actual)


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings of a Markdown text, as GitHub makes them."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(text: str) -> list[str]:
    """Return the relative targets of the links and pictures of a Markdown text."""
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    return [target for target in targets if "://" not in target and not target.startswith("mailto:")]
