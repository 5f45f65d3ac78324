"""Values of options: known names, which are completed in the shell, and numbers. Messages say what would be right."""

import difflib
import math
from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from service.cli.message import short_type


class Known(click.ParamType[str]):
    """A value of a known list, such as a type of messages in its short form; the wire form of a type is accepted."""

    name = "name"

    def __init__(self, values: Sequence[str], what: str) -> None:
        self._values = values
        self._what = what

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the short form of a known value; otherwise fail with advice."""
        short = short_type(value)
        if short in self._values:
            return short
        near = difflib.get_close_matches(short, self._values, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(self._values)}"
        raise click.BadParameter(f"{value} is not {self._what}: {hint}", ctx, param)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the values that begin with the incomplete text."""
        return [CompletionItem(value) for value in self._values if value.startswith(incomplete)]


class Integer(click.IntRange):
    """An integer in a range; click calls its type "integer range" in messages."""

    name = "integer"


class Seconds(click.ParamType[float]):
    """A time in seconds, greater than 0."""

    name = "seconds"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number; fail for other texts, and for numbers that no timer takes."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not 0 < seconds < math.inf:
            raise click.BadParameter(f"{value} is not a number of seconds greater than 0", ctx, param)
        return seconds
