"""`producer-registry resend`: publish the present state again, for a new subscriber."""

import json
import secrets

import click

from service.cli.exit_status import print_diagnostic, run_command
from service.cli.option import example_text, settings_options
from service.cli.running_instance import located
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


@click.command(epilog=example_text("all groups again", "producer-registry resend --type group"))
@click.option("--type", "types", metavar="T", type=click.Choice(KINDS), multiple=True, help="What to publish. [all]")
@click.option("--organization", metavar="O", help="Only what belongs to this organization.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with the numbers.")
@settings_options("database_url")
def resend(settings: Settings, *, types: tuple[str, ...], organization: str | None, as_json: bool) -> None:
    """Write the present states to the outbox as `...snapshot` messages; a running service publishes them.

    Each stands among the events of its subject with its present version. T may be repeated: organization, branch, role,
    product, producer-code, group, user, group.producer-code, user.producer-code.
    """
    settings = located(settings)
    settings.need("database_url")
    from service.store.errors import StoreRace, StoreUnavailable

    counts = run_command(_resend(settings, types or KINDS, organization), StoreUnavailable, StoreRace)
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
