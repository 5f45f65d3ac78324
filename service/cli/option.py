"""Settings as options: `--database-url` before `REGISTRY_DATABASE_URL`, on every command that uses settings."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from service.settings import InvalidSettings, Settings, load

P = ParamSpec("P")
R = TypeVar("R")


def example_text(what: str, *lines: str) -> str:
    """The end of a command's help: one example, and where the settings are."""
    shown = "".join(f"  {line}\n" for line in lines)
    return f"\b\nExample: {what}\n{shown}\nEvery setting is an option too, such as --database-url: see `config`."


def settings_options(
    *shown: str, without: frozenset[str] = frozenset()
) -> Callable[[Callable[Concatenate[Settings, P], R]], Callable[P, R]]:
    """Give a command an option for each setting and hand it the effective `Settings` as first argument.

    Settings that are refused end the program with 2, one line for each.
    `shown` names the fields whose options are listed in the help (all work); `without` those it declares itself.
    """

    def decorate(command: Callable[Concatenate[Settings, P], R]) -> Callable[P, R]:
        @wraps(command)
        def run(*arguments: P.args, **options: P.kwargs) -> R:
            given = {field: options.pop(field) for field in Settings.model_fields if field not in without}
            try:
                return command(load(given), *arguments, **options)
            except InvalidSettings as refused:
                for problem in refused.problems:
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
    """The settings with some fields changed, checked again."""
    given = {field: getattr(settings, field) for field in settings.model_fields_set}
    return load({**given, **changes})
