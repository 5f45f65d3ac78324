"""`producer-registry after-restore`: raise the epoch of positions after the database was restored."""

import json
import sys

import click

from service.cli.exit_status import print_diagnostic, run_command
from service.cli.option import example_text, settings_options
from service.cli.running_instance import with_running_instance
from service.settings import Settings


@click.command(
    "after-restore",
    epilog=example_text("after a restore, before the service starts", "producer-registry after-restore"),
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the former and the new epoch.")
@settings_options("database_url", "kafka_bootstrap_servers")
def after_restore(settings: Settings, *, yes: bool, as_json: bool) -> None:
    """Raise the epoch of positions after the database was restored. Run it before the service starts again.

    Later messages then have a higher `ce_sequence` than all that the lost database published. The last messages of the
    topics show how high the epoch must be; without a broker in the settings it is the one after that of the database.
    """
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("stdin is not a terminal: use --yes to raise the epoch without confirmation")
    settings = with_running_instance(settings, "database_url")
    if not yes and not click.confirm("Was the database restored, and shall the epoch of positions rise?", err=True):
        raise click.ClickException("the epoch was not raised")
    from consumers.kafka.session import BrokerUnavailable
    from service.store.errors import StoreUnavailable

    before, epoch = run_command(_raise(settings), StoreUnavailable, BrokerUnavailable)
    if as_json:
        click.echo(json.dumps({"before": before, "epoch": epoch}))
    print_diagnostic(f"the epoch was {before} and is {epoch} now")
    print_diagnostic("next: start the service, then run `producer-registry resend`")
    if settings.state_topics:
        print_diagnostic("after that: `producer-registry resend --state`")


async def _raise(settings: Settings) -> tuple[int, int]:
    from consumers.kafka.published_epoch import published_epoch
    from service.store.epoch import raise_epoch

    published = 0
    if settings.kafka_bootstrap_servers:
        published = await published_epoch(settings)
    else:
        print_diagnostic("the topics are not read, because REGISTRY_KAFKA_BOOTSTRAP_SERVERS is not set")
    raised = await raise_epoch(settings, published)
    return raised.before, raised.epoch
