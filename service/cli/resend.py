"""`producer-registry resend`: publish snapshots of the current state, for example for a new subscriber."""

import json
import secrets

import click

from service.cli.exit_status import print_diagnostic, run_command
from service.cli.option import example_text, settings_options
from service.cli.running_instance import with_running_instance
from service.settings import Settings

KINDS = (
    "organization",
    "branch",
    "role",
    "product",
    "producer-code",
    "group",
    "user",
    "group.producer-code",
    "user.producer-code",
)


@click.command(epilog=example_text("publish snapshots of all groups", "producer-registry resend --type group"))
@click.option("--type", "types", metavar="T", type=click.Choice(KINDS), multiple=True, help="Types to publish. [all]")
@click.option("--organization", metavar="O", help="Only subjects of this organization.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the counts.")
@settings_options("database_url")
def resend(settings: Settings, *, types: tuple[str, ...], organization: str | None, as_json: bool) -> None:
    """Write snapshots of the current state to the outbox. A running service publishes them as `...snapshot` events.

    A snapshot is ordered among the events of its subject and has the current version. --type may be repeated. The types
    are organization, branch, role, product, producer-code, group, user, group.producer-code, user.producer-code.
    """
    settings = with_running_instance(settings, "database_url")
    from service.store.errors import StoreError

    counts = run_command(_resend(settings, types or KINDS, organization), StoreError)
    if as_json:
        click.echo(json.dumps(counts))
    else:
        for kind, count in counts.items():
            click.echo(f"{count:9}  {kind}")
        print_diagnostic(f"{sum(counts.values())} snapshots written")


async def _resend(settings: Settings, kinds: tuple[str, ...], organization: str | None) -> dict[str, int]:
    from service.store.snapshot_store import snapshots

    run = secrets.token_hex(8)
    counts: dict[str, int] = {}
    for kind in kinds:
        counts[kind] = 0
        async for count in snapshots(settings, kind, organization, run):
            counts[kind] += count
    return counts
