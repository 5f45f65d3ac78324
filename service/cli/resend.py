"""`producer-registry resend`: publish the current state, for example for a new subscriber, or in the state topics."""

import json
import secrets

import click

from service.cli.exit_status import print_diagnostic, run_command
from service.cli.option import example_text, settings_options
from service.cli.running_instance import with_running_instance
from service.settings import Settings, variable

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
@click.option("--state", "states", is_flag=True, help="Write the records of the state topics instead of events.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the counts.")
@settings_options("database_url", "kafka_bootstrap_servers", "topic_prefix")
def resend(
    settings: Settings, *, types: tuple[str, ...], organization: str | None, states: bool, as_json: bool
) -> None:
    """Write snapshots of the current state to the outbox. A running service publishes them as `...snapshot` events.

    A snapshot is ordered among the events of its subject and has the current version. --type may be repeated. The types
    are organization, branch, role, product, producer-code, group, user, group.producer-code, user.producer-code.

    With --state and neither --type nor --organization, the state topics are read to their end, and a tombstone is
    written for each key that the registry does not have.
    """
    settings = with_running_instance(settings, "database_url")
    if states and not settings.state_topics:
        raise click.UsageError(f"{variable('state_topics')} is false: nothing keeps the state topics up to date")
    from consumers.kafka.session import BrokerUnavailable
    from service.store.errors import StoreError

    compare = states and not types and organization is None
    if compare:
        settings = with_running_instance(settings, "kafka_bootstrap_servers")
        settings.require("kafka_bootstrap_servers")
    work = _resend(settings, types or KINDS, organization, states=states, compare=compare)
    counts = run_command(work, StoreError, BrokerUnavailable)
    if as_json:
        click.echo(json.dumps(counts))
    else:
        for kind, count in counts.items():
            click.echo(f"{count:9}  {kind}")
        print_diagnostic(f"{sum(counts.values())} {'state records' if states else 'snapshots'} written")


async def _resend(
    settings: Settings, kinds: tuple[str, ...], organization: str | None, *, states: bool, compare: bool
) -> dict[str, int]:
    from service.store.snapshot_store import snapshots

    # Before anything is written: a missing topic is reported first.
    removed = await _remove(settings) if compare else 0
    run = secrets.token_hex(8)
    counts: dict[str, int] = {}
    for kind in kinds:
        counts[kind] = 0
        async for count in snapshots(settings, kind, organization, run, state_topics=states):
            counts[kind] += count
    return counts | {"tombstone": removed} if compare else counts


async def _remove(settings: Settings) -> int:
    """Write a tombstone for each key of the state topics that the registry does not have; return their number."""
    from consumers.kafka.state_topic import state_keys
    from service.store.state_removal import StateKey, state_removal

    async with state_removal(settings) as removal:
        # Only unknown keys stay in memory.
        unknown: dict[tuple[str, bytes], StateKey] = {}
        async for part in state_keys(settings):
            for place in part:
                unknown.pop(place, None)
            places = {key: place for place, key in part.items() if key is not None}
            unknown.update({places[key]: key for key in await removal.unknown(places)})
        return await removal.write(list(unknown.values()))
