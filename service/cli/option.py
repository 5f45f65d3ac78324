"""Settings as options of the commands that use them: `--database-url` overrides `REGISTRY_DATABASE_URL`."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from service.settings import InvalidSettings, Settings, load, variable

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
                    click.echo(_with_option(problem, [field for field, value in values.items() if value]), err=True)
                raise click.exceptions.Exit(2) from None

        wrapped: Callable[P, R] = run
        for field, info in reversed(Settings.model_fields.items()):
            if field not in without:
                hidden = field not in shown
                wrapped = click.option(
                    option_name(field), field, metavar="VALUE", help=info.description, hidden=hidden
                )(wrapped)
        return wrapped

    return decorate


def _with_option(problem: str, fields: Sequence[str]) -> str:
    """Return a problem of a setting with the name of its option if the user gave the option and not the variable."""
    name, rest = problem.partition(" ")[::2]
    for field in fields:
        if name.rstrip(":") == variable(field):
            return f"{option_name(field)}{':' if name.endswith(':') else ''} {rest}"
    return problem


def option_name(field: str) -> str:
    """Return the option of a setting: `--database-url` for `database_url`."""
    return f"--{field.replace('_', '-')}"


def changed(settings: Settings, **changes: Any) -> Settings:
    """Return the settings with changed fields, validated again."""
    values = {field: getattr(settings, field) for field in settings.model_fields_set}
    return load({**values, **changes})
