"""`producer-registry demo`: run the examples of the two seed documents on a temporary embedded stack."""

import shutil
from functools import partial
from typing import TYPE_CHECKING

import click

from service.cli.error_text import error_text
from service.cli.exit_status import print_diagnostic
from service.cli.option import changed, example_text, settings_options
from service.settings import Settings

if TYPE_CHECKING:
    from service.cli.foreground import Stop
    from service.cli.running_instance import RunningInstance


@click.command(epilog=example_text("keep the stack running after the demo", "producer-registry demo --keep"))
@click.option("--keep", is_flag=True, help="Keep the stack running until Ctrl-C.")
@settings_options("log_level")
def demo(settings: Settings, *, keep: bool) -> None:
    """Demonstrate the registry: send commands, show their outcomes and events, and query the API.

    The demo starts its own PostgreSQL and Kafka broker in a temporary folder. It exits with 0 if all results are as
    expected.
    """
    from service.cli.demo.runner import DemoFailed
    from service.cli.embedded import EXPECTED_ERRORS
    from service.cli.foreground import run_in_foreground
    from service.log_configuration import configure_logs
    from service.stack import reaper

    # by default, warnings of libraries must not interrupt the output of the demo
    level = settings.log_level if "log_level" in settings.model_fields_set else "error"
    configure_logs(level)
    folder = reaper.temporary_folder("demo")
    try:
        failure = run_in_foreground(partial(_demo, changed(settings, data_dir=folder), keep))
    except DemoFailed as error:
        raise click.ClickException(f"the demo failed: {error_text(error)}") from None
    except EXPECTED_ERRORS as error:
        raise click.ClickException(error_text(error)) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if failure is None:
        raise click.Abort
    if failure:
        raise click.ClickException(failure)


async def _demo(settings: Settings, keep: bool, stop: "Stop") -> str:
    """Run the demo. Return the reason if the service failed, otherwise an empty text."""
    from service.cli.embedded import StackOptions, registry

    print_diagnostic("starting PostgreSQL and the memory broker Tansu in a temporary folder ...")
    async with registry(settings, StackOptions()) as (instance, service):
        await _run_script(settings, instance)
        if keep:
            instance.write(settings.data_dir)
            print_diagnostic(f"running until Ctrl-C; use --data-dir {settings.data_dir} with other commands")
            click.echo(instance.ready_line(settings))
            await stop.wait()
    return service.shutdown.reason or ""


async def _run_script(settings: Settings, instance: "RunningInstance") -> None:
    from service.cli.command_preparation import CommandPreparer
    from service.cli.demo.runner import DemoRunner
    from service.cli.demo.script import run_script
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
    client_settings = changed(
        settings,
        kafka_bootstrap_servers=instance.kafka,
        database_url=instance.database,
        kafka_idempotent_producer=instance.idempotent,
    )
    async with exchange(client_settings, wait=True, watch=list(topics.events.values())) as open_exchange:
        await run_script(DemoRunner(open_exchange, CommandPreparer(topics), instance.api, token))
