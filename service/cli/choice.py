"""Values of options that are completed in the shell, and refused with the nearest known value."""

import difflib
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
