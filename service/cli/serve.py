"""`producer-registry serve`: run one process of the service until a signal."""

import asyncio
import gc
import os
import signal
import sys
from typing import TYPE_CHECKING

import click

from service.cli.exit_status import print_diagnostic
from service.cli.lazy import uncollected
from service.cli.option import example_text, settings_options
from service.settings import Settings

if TYPE_CHECKING:
    from service.cli.composition import Role

ROLES = ("all", "consumers", "relay", "api")


@click.command(
    epilog=example_text("run the consumers separately from the API", "producer-registry serve --role consumers")
)
@click.option("--role", type=click.Choice(ROLES), default="all", help="Parts that run in this process. [default: all]")
@settings_options("database_url", "kafka_bootstrap_servers", "api_port", "admin_port", "log_level")
def serve(settings: Settings, role: "Role") -> None:
    """Run the service with the configured broker and database. Several processes share the work.

    SIGTERM or Ctrl-C drains the process and exits with 0. A second signal exits immediately, without loss of data.
    """
    import uvloop

    from service.log_configuration import configure_logs

    configure_logs(settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        reason = runner.run(_serve(settings, role))
    if reason is not None:
        print_diagnostic(reason)
        sys.exit(1)


async def _serve(settings: Settings, role: "Role") -> str | None:
    """Run until a signal, or until a part cannot continue. Return the reason in the latter case."""
    stop = asyncio.Event()
    # Before the ports are open: a supervisor that sees the process may stop it at once.
    _stop_on_signal(stop)

    with uncollected():
        from service.cli.composition import running

        # All that is there now stays.
        gc.freeze()
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


def _stop_on_signal(stop: asyncio.Event) -> None:
    def handle(number: int) -> None:
        if stop.is_set():
            # Nothing is lost: uncommitted commands are delivered again, and another relay publishes committed messages.
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, handle, number)
