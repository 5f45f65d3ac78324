"""Settings as options of the commands that use them: `--database-url` overrides `REGISTRY_DATABASE_URL`."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from service.settings import InvalidSettings, Settings, load

P = ParamSpec("P")
R = TypeVar("R")


def example_text(what: str, *lines: str) -> str:
    """Return the end of a command's help: an example, and a hint at the settings."""
    example = "".join(f"  {line}\n" for line in lines)
    return f"\b\nExample: {what}\n{example}\nEvery setting is also an option, such as --database-url: see `config`."


def settings_options(
    *shown: str, without: frozenset[str] = frozenset()
) -> Callable[[Callable[Concatenate[Settings, P], R]], Callable[P, R]]:
    """Add an option for each setting to a command, and pass the effective `Settings` as its first argument.

    Invalid settings are printed, one per line, and the exit code is then 2. `shown` names the fields whose options are
    listed in the help; the other options are hidden. `without` names the fields whose options the command declares.
    """

    def decorate(command: Callable[Concatenate[Settings, P], R]) -> Callable[P, R]:
        @wraps(command)
        def run(*arguments: P.args, **options: P.kwargs) -> R:
            values = {field: options.pop(field) for field in Settings.model_fields if field not in without}
            try:
                return command(load(values), *arguments, **options)
            except InvalidSettings as invalid:
                for problem in invalid.problems:
                    click.echo(problem, err=True)
                raise click.exceptions.Exit(2) from None

        wrapped: Callable[P, R] = run
        for field, info in reversed(Settings.model_fields.items()):
            if field not in without:
                name = f"--{field.replace('_', '-')}"
                hidden = field not in shown
                wrapped = click.option(name, field, metavar="VALUE", help=info.description, hidden=hidden)(wrapped)
        return wrapped

    return decorate


def changed(settings: Settings, **changes: Any) -> Settings:
    """Return the settings with changed fields, validated again."""
    values = {field: getattr(settings, field) for field in settings.model_fields_set}
    return load({**values, **changes})
