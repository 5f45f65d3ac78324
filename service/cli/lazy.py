"""A group of commands that imports a command only when it is called."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from service.cli.exit_status import INTERRUPTED, print_diagnostic


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect no garbage inside the block.

    Imports create objects that stay. Collections would traverse them again and again: a tenth of the time of a start.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class LazyGroup(click.Group):
    """A group whose option `lazy` maps the name of each command to ("module:attribute", help text of one line)."""

    def __init__(self, *arguments: Any, lazy: dict[str, tuple[str, str]], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._lazy = lazy

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. After Ctrl-C, exit with the exit code of interrupted programs."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            print_diagnostic("interrupted")
            raise click.exceptions.Exit(INTERRUPTED) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of the table."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command. Return None if the name is unknown."""
        if cmd_name not in self._lazy:
            return None
        module, _, attribute = self._lazy[cmd_name][0].partition(":")
        with uncollected():
            command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101  # a unit test covers all entries
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self._lazy.items()])
