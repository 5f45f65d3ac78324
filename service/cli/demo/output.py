"""The output of the demo: each line begins with a sign, text is wrapped at 100 columns, and terminals get colours."""

import json
import textwrap
from typing import Any

import click

WIDTH = 100
INDENT = 4

LEGEND = (
    ("->", "a command (Kafka)"),
    ("<-", "its outcome (Kafka)"),
    ("**", "an event for all subscribers (Kafka)"),
    ("??", "an HTTP request"),
    ("==", "its response"),
    ("!!", "a dead letter (Kafka)"),
)
COLOURS = {"->": "cyan", "<-": "green", "**": "yellow", "??": "cyan", "==": "green", "!!": "red"}


def chapter(number: int, title: str) -> None:
    """Print the heading of a chapter."""
    click.echo()
    click.secho(f"{number}. {title}", bold=True)


def paragraph(text: str) -> None:
    """Print a wrapped paragraph."""
    click.echo(textwrap.fill(text, WIDTH, initial_indent="   ", subsequent_indent="   "))


def sign(mark: str, text: str, data: Any = None) -> None:
    """Print a line with a sign of the legend, and the data below it as JSON."""
    click.echo(f" {click.style(mark, fg=COLOURS[mark])} {_cut(text)}")
    if data is not None:
        json_text(data)


def json_text(data: Any) -> None:
    """Print data as JSON."""
    click.echo(to_json(data, INDENT))


def to_json(data: Any, indent: int, width: int = WIDTH) -> str:
    """Return data as JSON: on one line if it fits into this width, otherwise with one member per line."""
    space = " " * indent
    line = json.dumps(data, ensure_ascii=False)
    if len(line) + indent <= width or not isinstance(data, dict | list) or not data:
        return textwrap.fill(
            line, WIDTH, initial_indent=space, subsequent_indent=space, break_on_hyphens=False, break_long_words=True
        )
    members = list(data.items()) if isinstance(data, dict) else [(None, member) for member in data]
    parts = []
    for position, (name, member) in enumerate(members):
        head = f"{json.dumps(name, ensure_ascii=False)}: " if name is not None else ""
        comma = "," if position + 1 < len(members) else ""
        whole = json.dumps(member, ensure_ascii=False)
        if len(head) + len(whole) + indent + 3 <= WIDTH:
            parts.append(f"{space}  {head}{whole}{comma}")
        else:
            parts.append(f"{space}  {head}{to_json(member, indent + 2, WIDTH - len(head) - 1).lstrip()}{comma}")
    opening, closing = ("{", "}") if isinstance(data, dict) else ("[", "]")
    return "\n".join([f"{space}{opening}", *parts, f"{space}{closing}"])


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH - INDENT else text[: WIDTH - INDENT - 1] + "…"
