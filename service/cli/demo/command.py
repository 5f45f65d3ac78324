"""`producer-registry demo`: the seeds' story on an embedded stack of its own, which goes away with it."""

import shutil
from functools import partial
from typing import TYPE_CHECKING

import click

from service.cli.exit_status import print_diagnostic
from service.cli.option import changed, example_text, settings_options
from service.settings import Settings

if TYPE_CHECKING:
    from service.cli.foreground import Stop
    from service.cli.running_instance import RunningInstance


@click.command(epilog=example_text("look around afterwards", "producer-registry demo --keep"))
@click.option("--keep", is_flag=True, help="Stay up after the story, until Ctrl-C.")
@settings_options("log_level")
def demo(settings: Settings, *, keep: bool) -> None:
    """Tell what the registry does: commands go in, outcomes and events come out, questions are answered.

    PostgreSQL and a Kafka broker are its own, in a temporary folder. It ends with 0 when every answer was as told.
    """
    from service.cli.demo.runner import DemoFailed
    from service.cli.embedded import EXPECTED_ERRORS
    from service.cli.foreground import run_in_foreground
    from service.stack import reaper
    from service.telemetry import configure_logs

    # the story is the talk; a warning of a library would stand in the middle of it
    level = settings.log_level if "log_level" in settings.model_fields_set else "error"
    configure_logs(level)
    folder = reaper.temporary_folder("demo")
    try:
        ended = run_in_foreground(partial(_demo, changed(settings, data_dir=folder), keep))
    except DemoFailed as broken:
        raise click.ClickException(f"the story broke: {broken}") from None
    except EXPECTED_ERRORS as error:
        raise click.ClickException(str(error)) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if ended is None:
        raise click.Abort
    if ended:
        raise click.ClickException(ended)


async def _demo(settings: Settings, keep: bool, stop: "Stop") -> str:
    """Tell the story; answers why the service could not go on, empty when all is well."""
    from service.cli.embedded import StackOptions, registry

    print_diagnostic("starting PostgreSQL and the memory broker Tansu in a temporary folder ...")
    async with registry(settings, StackOptions()) as (instance, service):
        await _tell(settings, instance)
        if keep:
            instance.write(settings.data_dir)
            print_diagnostic(f"stays up until Ctrl-C; other commands find it with --data-dir {settings.data_dir}")
            click.echo(instance.ready_line())
            await stop.wait()
    return service.shutdown.reason or ""


async def _tell(settings: Settings, instance: "RunningInstance") -> None:
    from service.cli.command_preparation import CommandPreparer
    from service.cli.demo.runner import DemoRunner
    from service.cli.demo.script import tell
    from service.cli.exchange import exchange
    from service.clock import now
    from service.contract.topics import Topics
    from service.http.development_key import sign

    def token(subject: str, scope: str) -> str:
        return sign(
            settings.data_dir,
            subject=subject,
            scope=scope,
            audience=settings.jwt_audience,
            issued_at=int(now().timestamp()),
        )

    topics = Topics(settings.topic_prefix)
    reached = changed(
        settings,
        kafka_bootstrap_servers=instance.kafka,
        database_url=instance.database,
        kafka_idempotent_producer=instance.idempotent,
    )
    async with exchange(reached, wait=True, watch=list(topics.events.values())) as open_exchange:
        await tell(DemoRunner(open_exchange, CommandPreparer(topics), instance.api, token))
