"""`producer-registry dev`: database, broker and service in one, empty, until Ctrl-C."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Literal

import click

from service.cli.ending import talk
from service.cli.option import example_text, settings_options
from service.settings import Settings

if TYPE_CHECKING:
    from service.cli.attended import Stop
    from service.cli.embedded import Wish

Port = click.IntRange(0, 65535)


@click.command(epilog=example_text("the same addresses at every start", "producer-registry dev --api-port 8080"))
@click.option("--broker", type=click.Choice(["tansu", "apache"]), default="tansu", help="[default: tansu, in memory]")
@click.option("--kafka-port", type=Port, default=0, help="Port of the broker; 0 or nothing picks a free one.")
@click.option("--postgres-port", type=Port, default=0, help="Port of the database; 0 or nothing picks a free one.")
@settings_options("data_dir", "api_port", "admin_port")
def dev(settings: Settings, *, broker: Literal["tansu", "apache"], kafka_port: int, postgres_port: int) -> None:
    """Run embedded PostgreSQL, a Kafka broker and the whole service in the foreground.

    When all is ready, one line of JSON on stdout has the addresses. Data stays in the data folder (the memory broker's
    goes); what still lives of a killed run is taken up again. A database or broker given in the settings is used.
    """
    from service.cli.attended import attend
    from service.cli.embedded import TROUBLE, Wish
    from service.telemetry import configure_logs

    configure_logs(settings.log_level)
    wish = Wish(broker, settings.data_dir, kafka_port, postgres_port)
    try:
        reason = attend(partial(_dev, settings, wish))
    except TROUBLE as error:
        raise click.ClickException(str(error)) from None
    if reason is not None:
        raise click.ClickException(reason)


async def _dev(settings: Settings, wish: "Wish", stop: "Stop") -> str | None:
    """Run until a signal or the service's own end; answers why when it could not go on."""
    from service.cli.embedded import registry
    from service.cli.place import forget

    async with registry(settings, wish) as (place, service):
        place.write(settings.data_dir)
        click.echo(place.ready_line())
        waits = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(service.ending.stop.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            forget(settings.data_dir)
        talk("draining, then everything stops")
    return service.ending.reason
