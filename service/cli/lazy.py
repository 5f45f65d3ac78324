"""A group of commands that imports a command only when it is called."""

from importlib import import_module
from typing import Any

import click

from service.cli.exit_status import INTERRUPTED, print_diagnostic


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
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101  # a unit test covers all entries
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self._lazy.items()])
