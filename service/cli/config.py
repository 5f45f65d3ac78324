"""`producer-registry config`: the effective settings, and the two lists made of them (env.example, README table)."""

import json

import click

from service.cli.option import example_text, settings_options
from service.settings import Settings, right, variable

EXAMPLE_HEAD = """\
# Every setting of the Producer Registry with its default. An empty value counts as not given.
# Made by: producer-registry config --example
"""


@click.command(epilog=example_text("what is given, and is it right?", "producer-registry config --set"))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--set", "only_set", is_flag=True, help="Only what was given, not the defaults.")
@click.option("--example", "as_example", is_flag=True, help="All settings, explained (deploy/env.example).")
@click.option("--table", "as_table", is_flag=True, help="All settings as a Markdown table.")
@settings_options()
def config(settings: Settings, as_json: bool, only_set: bool, as_example: bool, as_table: bool) -> None:
    """Print the effective settings, secrets masked; unknown or malformed ones are refused by name."""
    if as_example:
        click.echo(example(), nl=False)
        return
    if as_table:
        click.echo(table(), nl=False)
        return
    given = {variable(field) for field in settings.model_fields_set}
    values = {name: value for name, value in settings.effective().items() if not only_set or name in given}
    if as_json:
        click.echo(json.dumps(values, ensure_ascii=False))
        return
    for name, value in values.items():
        click.echo(f"{name}={value}")


def example() -> str:
    """The text of deploy/env.example: each setting with its meaning, what is right, and its default."""
    defaults = _defaults().effective()
    parts = [EXAMPLE_HEAD]
    for field, info in Settings.model_fields.items():
        name = variable(field)
        parts.append(f"\n# {info.description}\n# ({right(field)})\n{name}={defaults[name]}\n")
    return "".join(parts)


def table() -> str:
    """The settings as a Markdown table: name, default, meaning and what is right."""
    defaults = _defaults().effective()
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for field, info in Settings.model_fields.items():
        name = variable(field)
        default = f"`{defaults[name]}`" if defaults[name] else ""
        rows.append(f"| `{name}` | {default} | {info.description} ({right(field)}) |")
    return "\n".join(rows) + "\n"


def _defaults() -> Settings:
    return Settings.model_construct()
