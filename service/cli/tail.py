"""`producer-registry tail`: print the messages of the topics as they arrive."""

import json
from datetime import UTC, datetime
from typing import Literal

import click

from service.cli.choice import Integer, Known
from service.cli.exit_status import run_command
from service.cli.message import Message, read, short_type
from service.cli.option import example_text, settings_options
from service.cli.running_instance import with_running_instance
from service.cli.text_line import printable
from service.contract.catalogue import COMMANDS, PUBLISHED
from service.contract.topics import Topics
from service.settings import Settings

What = Literal["events", "outcomes", "commands"]


@click.command(
    epilog=example_text(
        "print all outcomes so far",
        "producer-registry tail outcomes --from beginning --until-end",
    )
)
@click.argument("what", type=click.Choice(["events", "outcomes", "commands"]))
@click.option("--from", "start", type=click.Choice(["beginning", "now"]), default="now", show_default=True)
@click.option(
    "--type",
    "type_",
    metavar="T",
    type=Known([*(kind.name for kind in COMMANDS), *PUBLISHED], "a type of messages"),
    help="Only messages of this type, such as group.created.",
)
@click.option("--key", metavar="K", help="Only records with this key.")
@click.option("-n", "count", type=Integer(min=1), metavar="N", help="Exit after N messages.")
@click.option("--until-end", is_flag=True, help="Exit at the end of the topics.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one structured CloudEvent per line, with topic, partition and offset.",
)
@settings_options("kafka_bootstrap_servers")
def tail(
    settings: Settings,
    *,
    what: What,
    start: str,
    type_: str | None,
    key: str | None,
    count: int | None,
    until_end: bool,
    as_json: bool,
) -> None:
    """Follow events, outcomes or commands until Ctrl-C. The messages of a subject are in order."""
    settings = with_running_instance(settings, "kafka_bootstrap_servers")
    from consumers.kafka.session import BrokerUnavailable

    work = _follow(
        settings,
        what,
        from_beginning=start == "beginning",
        type_=type_,
        key=key,
        count=count,
        until_end=until_end,
        as_json=as_json,
    )
    try:
        run_command(work, BrokerUnavailable)
    except KeyboardInterrupt:
        # the usual way to stop the command
        raise click.exceptions.Exit(0) from None


async def _follow(
    settings: Settings,
    what: What,
    *,
    from_beginning: bool,
    type_: str | None,
    key: str | None,
    count: int | None,
    until_end: bool,
    as_json: bool,
) -> None:
    from consumers.kafka.session import following

    shown = 0
    async with following(settings, _topics(settings, what), from_beginning=from_beginning) as follower:
        while True:
            records = await follower.poll(0.2)
            # the sort is stable, so it keeps the order within a partition
            for message in sorted(map(read, records), key=lambda message: message.written_at):
                if (type_ and message.type != type_) or (key is not None and message.key != key):
                    continue
                click.echo(json.dumps(message.as_json(), ensure_ascii=False) if as_json else line(message))
                shown += 1
                if shown == count:
                    return
            if until_end and await follower.at_end():
                return


def _topics(settings: Settings, what: What) -> list[str]:
    topics = Topics(settings.topic_prefix)
    match what:
        case "events":
            return list(topics.events.values())
        case "outcomes":
            return [topics.outcomes]
        case "commands":
            return [topics.commands, topics.operator_commands]


def line(message: Message) -> str:
    """Return one line of text: time, type, subject, version and details."""
    at = _clock_time(message.written_at)
    subject = message.attributes.get("subject", "-")
    version = f" v{message.attributes['entityversion']}" if "entityversion" in message.attributes else ""
    return printable(f"{at} {message.type or '(not a CloudEvent)'} {subject}{version} {details(message)}".rstrip())


def details(message: Message) -> str:
    """Return the main part of a message's data: the command with its errors, or the changed fields.

    Any sender can write to a topic, so data in another form has no details.
    """
    match message.data:
        case {"command": {"type": str(type_), "id": str(id_)}, "problem": {"errors": [*errors], **rest}}:
            shown = [_problem(error) for error in errors]
            if isinstance(rest.get("more"), int):
                shown.append(f"{rest['more']} more")
            return f"{short_type(type_)} {id_} {'; '.join(shown)}"
        case {"command": {"type": str(type_), "id": str(id_)}}:
            return f"{short_type(type_)} {id_}"
        case {"changed": [_, *_] as changed}:
            return f"changed {', '.join(map(str, changed))}"
    return ""


def _problem(error: object) -> str:
    match error:
        case {"code": code, "path": path}:
            return f"{code} {path}"
    return str(error)


def _clock_time(milliseconds: int) -> str:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        # The sender sets the timestamp, perhaps in another unit.
        return "--:--:--"
