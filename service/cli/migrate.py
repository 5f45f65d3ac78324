"""`producer-registry migrate`: apply missing migrations to the configured database."""

import json

import click

from service.cli.exit_status import print_diagnostic, run_command
from service.cli.option import example_text, settings_options
from service.cli.running_instance import with_running_instance
from service.settings import Settings


@click.command(epilog=example_text("migrate the configured database", "producer-registry migrate"))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@settings_options("database_url")
def migrate(settings: Settings, *, as_json: bool) -> None:
    """Apply missing migrations. Repeated and concurrent runs are safe."""
    settings = with_running_instance(settings, "database_url")
    from service.store.errors import StoreError
    from service.store.migrate import MigrationFailed, colliding_usernames
    from service.store.migrate import migrate as apply_missing

    applied = run_command(apply_missing(settings), StoreError, MigrationFailed)
    colliding = run_command(colliding_usernames(settings), StoreError)
    for user, other in colliding:
        print_diagnostic(
            f"Warning: the usernames of the users {user} and {other} are the same in the normalization form NFC; "
            f"{user} is not found by it: rename one of them"
        )
    if as_json:
        click.echo(json.dumps({"applied": applied, "colliding_usernames": colliding}))
    else:
        for version in applied:
            click.echo(version)
        print_diagnostic(f"{len(applied)} migrations applied" if applied else "the schema is up to date")
