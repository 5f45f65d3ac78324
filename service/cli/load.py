"""`producer-registry load`: send commands at a constant rate, and measure the time until their events are read."""

import asyncio
import json
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from service.cli.choice import Integer, Seconds
from service.cli.exit_status import INTERRUPTED, print_diagnostic, run_command
from service.cli.option import example_text, settings_options
from service.cli.running_instance import with_running_instance
from service.settings import Settings

if TYPE_CHECKING:
    from consumers.kafka.session import Acknowledgement, Follower, Sender
    from service.cli.load_workload import Tally
    from service.contract.sending import CommandRecord

MAX_UNANSWERED = 20_000
"""With --max: the maximum number of commands without answers."""
MAX_UNACKNOWLEDGED = 5_000


@click.command(epilog=example_text("measure for one minute", "producer-registry load --rate 1000 --count 60000"))
@click.option("--rate", type=click.FloatRange(min=0.1), default=500.0, show_default=True, help="Commands per second.")
@click.option("--max", "flat_out", is_flag=True, help="Send as fast as the registry answers; ignores --rate.")
@click.option("--count", type=Integer(min=1), default=5_000, show_default=True, help="Commands to send.")
@click.option(
    "--timeout", type=Seconds(), default=30.0, show_default=True, help="Seconds without new messages until it gives up."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@settings_options("kafka_bootstrap_servers")
def load(settings: Settings, *, rate: float, flat_out: bool, count: int, timeout: float, as_json: bool) -> None:
    """Measure a running registry under load. The organizations load-org-… and their codes LOAD-… remain in it.

    The load is an open loop: the time of a command is measured from its due time until its event is read, even if the
    command was sent late. Exits with 1 if an answer is missing or a command was not accepted.
    """
    settings = with_running_instance(settings, "kafka_bootstrap_servers")
    from consumers.kafka.session import BrokerUnavailable
    from service.cli.load_workload import Tally

    tally = Tally()
    work = _run(settings, tally, None if flat_out else rate, count, timeout)
    try:
        run_command(work, BrokerUnavailable)
    except KeyboardInterrupt:
        _show(tally.summary(), as_json=as_json)
        print_diagnostic(
            f"interrupted: {len(tally.due)} of {count} commands were sent. It is safe to run it again: "
            "each run has ids of its own"
        )
        raise click.exceptions.Exit(INTERRUPTED) from None
    reported = tally.summary()
    _show(reported, as_json=as_json)
    if reported["events"] != count or reported["outcomes"] != {"accepted": count}:
        print_diagnostic(f"{count - reported['events']} of {count} commands without an event")
        raise click.exceptions.Exit(1)


async def _run(settings: Settings, tally: "Tally", rate: float | None, count: int, seconds: float) -> None:
    from consumers.kafka.session import BrokerUnavailable, following, publishing
    from service.cli.load_workload import LoadWorkload, Tally
    from service.contract.topics import Topics

    topics = Topics(settings.topic_prefix)
    workload = LoadWorkload(secrets.token_hex(5), topics)
    async with (
        following(settings, [topics.code_events, topics.outcomes]) as follower,
        publishing(settings) as publisher,
    ):
        directory = Tally()
        for command in workload.directory():
            directory.due[dict(command.headers)["ce_id"].decode()] = time.monotonic()
            await (await publisher.send(command.topic, command.value, command.key, command.headers))
        # The events of these commands are on topics that are not followed, so only their outcomes are counted.
        if not await _read(follower, directory, seconds, lambda: directory.outcomes.total() == len(directory.due)):
            raise BrokerUnavailable("the registry does not answer: check that it is running")
        tally.started, progress = time.monotonic(), asyncio.Event()
        sending = asyncio.create_task(_send(publisher, workload.commands(count), tally, rate, progress))
        try:
            await _read(follower, tally, seconds, lambda: sending.done() and not tally.open, progress)
        finally:
            sending.cancel()
            await asyncio.wait((sending,))
        if not sending.cancelled():
            sending.result()


async def _send(
    publisher: "Sender",
    commands: Iterable[tuple[str, "CommandRecord"]],
    tally: "Tally",
    rate: float | None,
    progress: asyncio.Event,
) -> None:
    in_flight: deque[Acknowledgement] = deque()
    started = time.monotonic()
    for number, (identity, command) in enumerate(commands):
        now = time.monotonic()
        due = now if rate is None else started + number / rate
        if due > now + 0.001:
            await asyncio.sleep(due - now)
        elif number % 20 == 0:
            await asyncio.sleep(0)
        while rate is None and tally.open > 2 * MAX_UNANSWERED:
            progress.clear()
            await progress.wait()
        tally.due[identity] = due
        in_flight.append(await publisher.send(command.topic, command.value, command.key, command.headers))
        while len(in_flight) > MAX_UNACKNOWLEDGED or (in_flight and in_flight[0].done()):
            await in_flight.popleft()
    while in_flight:
        await in_flight.popleft()


async def _read(
    follower: "Follower",
    tally: "Tally",
    seconds: float,
    done: Callable[[], bool],
    progress: asyncio.Event | None = None,
) -> bool:
    """Read messages until `done`. Return False if none arrived for the given number of seconds."""
    deadline = time.monotonic() + seconds
    while not done():
        records = await follower.poll(0.05)
        now = time.monotonic()
        if records:
            deadline = now + seconds
        elif now > deadline:
            return False
        for record in records:
            tally.message(record.headers, now)
        if progress is not None:
            progress.set()
    return True


def _show(reported: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(reported))
        return
    times = reported["milliseconds"]
    outcomes = ", ".join(f"{count} {status}" for status, count in reported["outcomes"].items())
    click.echo(f"{reported['commands']} commands, {reported['rate']:,.0f} per second; {outcomes or 'no outcomes'}")
    if times:
        click.echo(
            "milliseconds from due time to event: " + ", ".join(f"{name} {value:g}" for name, value in times.items())
        )
