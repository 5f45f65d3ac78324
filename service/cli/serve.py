"""`producer-registry serve`: one process of the service, until a signal ends it."""

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

import click

from service.cli.exit_status import print_diagnostic
from service.cli.option import example_text, settings_options
from service.settings import Settings

if TYPE_CHECKING:
    from service.cli.composition import Role

ROLES = ("all", "consumers", "relay", "api")


@click.command(epilog=example_text("the consumers apart from the API", "producer-registry serve --role consumers"))
@click.option("--role", type=click.Choice(ROLES), default="all", help="Which parts run in this process.")
@settings_options("database_url", "kafka_bootstrap_servers", "api_port", "admin_port", "log_level")
def serve(settings: Settings, role: "Role") -> None:
    """Run against the configured broker and database; several processes share the work.

    SIGTERM or Ctrl-C drains and ends with 0; a second one ends at once, which loses nothing.
    """
    import uvloop

    from service.telemetry import configure_logs

    configure_logs(settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        reason = runner.run(_serve(settings, role))
    if reason is not None:
        print_diagnostic(reason)
        sys.exit(1)


async def _serve(settings: Settings, role: "Role") -> str | None:
    """Run until a signal comes or a part cannot go on; answers why it could not."""
    stop = asyncio.Event()
    # Before anything can be seen of this process: whoever sees it may want it to end.
    _end_on_signal(stop)

    from service.cli.composition import running
    from service.telemetry import log

    deadline = asyncio.timeout(None)
    try:
        async with deadline, running(settings, role, stop) as service:
            log(__name__).info("serving", role=role, api=service.api, admin=service.admin, pid=os.getpid())
            await service.shutdown.stop.wait()
            seconds = settings.drain_delay_seconds + settings.shutdown_deadline_seconds
            deadline.reschedule(asyncio.get_running_loop().time() + seconds)
    except TimeoutError:
        return service.shutdown.reason or f"not drained within {settings.shutdown_deadline_seconds:g} seconds"
    return service.shutdown.reason


def _end_on_signal(stop: asyncio.Event) -> None:
    def end(number: int) -> None:
        if stop.is_set():
            # Nothing is lost: what is not committed is delivered again, what is committed is published by the next.
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end, number)
