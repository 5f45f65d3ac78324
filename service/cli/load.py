"""`producer-registry load`: send at a steady rate, whatever comes back, and tell how long events take."""

import asyncio
import json
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from service.cli.exit_status import print_diagnostic, run_command
from service.cli.option import example_text, settings_options
from service.cli.running_instance import located
from service.settings import Settings

if TYPE_CHECKING:
    from consumers.kafka.session import Follower, Sender
    from service.cli.load_workload import Tally
    from service.contract.sending import CommandRecord

WAITING_MOST = 20_000
"""With --max: so many commands may be without their answers."""
UNACKNOWLEDGED_MOST = 5_000


@click.command(epilog=example_text("a minute of it", "producer-registry load --rate 1000 --count 60000"))
@click.option("--rate", type=click.FloatRange(min=0.1), default=500.0, show_default=True, help="Commands per second.")
@click.option("--max", "flat_out", is_flag=True, help="As fast as answers come, in place of a rate.")
@click.option("--count", type=click.IntRange(min=1), default=5_000, show_default=True, help="Commands to send.")
@click.option("--timeout", default=30.0, show_default=True, help="Seconds without any news.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@settings_options("kafka_bootstrap_servers")
def load(settings: Settings, *, rate: float, flat_out: bool, count: int, timeout: float, as_json: bool) -> None:
    """Measure a running registry; its codes LOAD-… of organizations load-org-… stay there.

    Open loop: a command is due by the clock, and its time runs until its event is read, however late it was sent.
    Ends with 1 when an answer is missing or a command was not accepted.
    """
    settings = located(settings)
    settings.need("kafka_bootstrap_servers")
    from consumers.kafka.session import BrokerUnavailable

    work = _run(settings, None if flat_out else rate, count, timeout)
    reported = run_command(work, BrokerUnavailable)
    if as_json:
        click.echo(json.dumps(reported))
    else:
        _show(reported)
    if reported["events"] != count or reported["outcomes"] != {"accepted": count}:
        print_diagnostic(f"{count - reported['events']} of {count} commands have no event")
        raise click.exceptions.Exit(1)


async def _run(settings: Settings, rate: float | None, count: int, seconds: float) -> dict[str, Any]:
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
        # These have outcomes, but no events on the topics that are followed.
        if not await _read(follower, directory, seconds, lambda: directory.outcomes.total() == len(directory.due)):
            raise BrokerUnavailable("the registry does not answer: is it running?")
        tally = Tally()
        started, news = time.monotonic(), asyncio.Event()
        sending = asyncio.create_task(_send(publisher, workload.commands(count), tally, rate, news))
        try:
            await _read(follower, tally, seconds, lambda: sending.done() and not tally.open, news)
        finally:
            sending.cancel()
            await asyncio.wait((sending,))
        if not sending.cancelled():
            sending.result()
    return tally.summary(started)


async def _send(
    publisher: "Sender",
    commands: Iterable[tuple[str, "CommandRecord"]],
    tally: "Tally",
    rate: float | None,
    news: asyncio.Event,
) -> None:
    under_way: deque[Any] = deque()
    started = time.monotonic()
    for number, (identity, command) in enumerate(commands):
        now = time.monotonic()
        due = now if rate is None else started + number / rate
        if due > now + 0.001:
            await asyncio.sleep(due - now)
        elif number % 20 == 0:
            await asyncio.sleep(0)
        while rate is None and tally.open > 2 * WAITING_MOST:
            news.clear()
            await news.wait()
        tally.due[identity] = due
        under_way.append(await publisher.send(command.topic, command.value, command.key, command.headers))
        while len(under_way) > UNACKNOWLEDGED_MOST or (under_way and under_way[0].done()):
            await under_way.popleft()
    while under_way:
        await under_way.popleft()


async def _read(
    follower: "Follower", tally: "Tally", seconds: float, done: Callable[[], bool], news: asyncio.Event | None = None
) -> bool:
    """Take what comes until done, and tell of it; False when nothing came for so many seconds."""
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
        if news is not None:
            news.set()
    return True


def _show(reported: dict[str, Any]) -> None:
    times = reported["milliseconds"]
    outcomes = ", ".join(f"{count} {status}" for status, count in reported["outcomes"].items())
    click.echo(f"{reported['commands']} commands, {reported['rate']:,.0f} a second; {outcomes or 'no outcomes'}")
    if times:
        click.echo("milliseconds from due to event: " + ", ".join(f"{name} {value:g}" for name, value in times.items()))
