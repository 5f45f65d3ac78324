"""`producer-registry schemas`: publish the JSON Schemas of all messages to a schema registry."""

import json
from typing import TYPE_CHECKING

import click

from service.cli.option import example_text, settings_options
from service.settings import Settings, valid, variable

if TYPE_CHECKING:
    from service.contract.schemas.subjects import Subject


@click.group(
    epilog=example_text("register all schemas", "producer-registry schemas register --url https://schemas.example.com")
)
def schemas() -> None:
    """Publish the JSON Schemas of all messages to a schema registry with Confluent's REST interface."""


@schemas.command(epilog=example_text("see what would be registered", "producer-registry schemas register --dry-run"))
@click.option("--url", help="URL of the schema registry; overrides --schema-registry-url.")
@click.option("--dry-run", is_flag=True, help="Print the subjects, and register nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per subject.")
@settings_options("schema_registry_url", "topic_prefix", "schema_base_uri")
def register(settings: Settings, url: str | None, dry_run: bool, as_json: bool) -> None:
    """Register the schema of each message and of each topic. Repeated runs are safe.

    It sets the compatibility mode of each subject: messages that the registry publishes are
    forward compatible, commands are backward compatible. The values of the messages stay plain JSON.
    """
    from service.cli.schema_registry import SchemaRegistry, SchemaRegistryFailure
    from service.contract.schemas.subjects import subjects
    from service.contract.topics import Topics

    planned = subjects(Topics(settings.topic_prefix, settings.schema_base_uri))
    if dry_run:
        for subject in planned:
            _show(subject, None, as_json)
        return
    address = url or settings.schema_registry_url
    if not address:
        name = variable("schema_registry_url")
        raise click.UsageError(f"--url or {name} is not set; expected {valid('schema_registry_url')}")
    try:
        registry = SchemaRegistry(address)
    except ValueError as error:
        raise click.UsageError(f"the URL of the schema registry is invalid: {error}") from None
    versions: dict[str, int] = {}
    for subject in planned:
        try:
            versions[subject.name] = registry.register(subject, versions)
        except SchemaRegistryFailure as error:
            raise click.ClickException(str(error)) from None
        _show(subject, versions[subject.name], as_json)


def _show(subject: "Subject", version: int | None, as_json: bool) -> None:
    if as_json:
        shown = {"subject": subject.name, "version": version, "compatibility": subject.compatibility}
        click.echo(json.dumps(shown | {"references": [other for _, other in subject.references]}))
    else:
        click.echo(f"{'-' if version is None else version:>3}  {subject.compatibility:20}  {subject.name}")
