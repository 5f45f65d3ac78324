"""`producer-registry dev`: run database, broker and service in the foreground until Ctrl-C."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Literal

import click

from service.cli.choice import Integer
from service.cli.error_text import error_text
from service.cli.exit_status import print_diagnostic
from service.cli.option import example_text, settings_options
from service.settings import Settings

if TYPE_CHECKING:
    from service.cli.embedded import StackOptions
    from service.cli.foreground import Stop

Port = Integer(0, 65535)
API_PORT = 8080
"""The API listens here when the port is free and none is given."""


@click.command(epilog=example_text("the same broker address at every start", "producer-registry dev --kafka-port 9092"))
@click.option("--broker", type=click.Choice(["tansu", "apache"]), default="tansu", help="[default: tansu, in memory]")
@click.option("--kafka-port", type=Port, default=0, help="Port of the broker. [default: a free port]")
@click.option("--postgres-port", type=Port, default=0, help="Port of the database. [default: a free port]")
@settings_options("data_dir", "api_port", "admin_port")
def dev(settings: Settings, *, broker: Literal["tansu", "apache"], kafka_port: int, postgres_port: int) -> None:
    """Run embedded PostgreSQL, a Kafka broker and all parts of the service in the foreground.

    When all is ready and every partition has a leader, one line of JSON on stdout has the addresses. The API listens on
    port 8080 if that is free and no other port is given. Data stays in the data folder, except for the records of the
    memory broker. The servers stop however this command ends. A database or broker that is named in the settings is
    used.
    """
    from service.cli.embedded import EXPECTED_ERRORS, StackOptions
    from service.cli.foreground import run_in_foreground
    from service.log_configuration import configure_logs

    configure_logs(settings.log_level)
    options = StackOptions(broker, settings.data_dir, kafka_port, postgres_port, API_PORT)
    try:
        reason = run_in_foreground(partial(_dev, settings, options))
    except EXPECTED_ERRORS as error:
        raise click.ClickException(error_text(error)) from None
    if reason is not None:
        raise click.ClickException(reason)


async def _dev(settings: Settings, options: "StackOptions", stop: "Stop") -> str | None:
    """Run until a signal or a failure of the service. Return the reason of the failure."""
    from service.cli.embedded import registry
    from service.cli.running_instance import forget

    async with registry(settings, options) as (instance, service):
        instance.write(settings.data_dir)
        click.echo(instance.ready_line(settings))
        waiters = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(service.shutdown.stop.wait())]
        try:
            await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()
            forget(settings.data_dir)
        print_diagnostic("shutting down")
    return service.shutdown.reason
