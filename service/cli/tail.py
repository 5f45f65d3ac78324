"""`producer-registry tail`: follow what happens on the topics."""

import json
from datetime import UTC, datetime
from typing import Literal

import click

from service.cli.exit_status import run_command
from service.cli.message import Message, read, short_type
from service.cli.option import example_text, settings_options
from service.cli.running_instance import located
from service.contract.topics import Topics
from service.settings import Settings

What = Literal["events", "outcomes", "commands"]


@click.command(
    epilog=example_text(
        "the last word on every command so far",
        "producer-registry tail outcomes --from beginning --until-end",
    )
)
@click.argument("what", type=click.Choice(["events", "outcomes", "commands"]))
@click.option("--from", "start", type=click.Choice(["beginning", "now"]), default="now", show_default=True)
@click.option("--type", "type_", metavar="T", help="Only messages of this type, such as group.created.")
@click.option("--key", metavar="K", help="Only records with this key.")
@click.option("-n", "count", type=click.IntRange(min=1), metavar="N", help="End after so many messages.")
@click.option("--until-end", is_flag=True, help="End when all that is there has been shown.")
@click.option(
    "--json", "as_json", is_flag=True, help="One structured CloudEvent a line, with topic, partition, offset."
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
    """Follow events, outcomes or commands until Ctrl-C; order holds per subject."""
    settings = located(settings)
    settings.need("kafka_bootstrap_servers")
    from consumers.kafka.session import BrokerUnavailable

    wanted = short_type(type_) if type_ else None
    work = _follow(
        settings,
        what,
        from_beginning=start == "beginning",
        type_=wanted,
        key=key,
        count=count,
        until_end=until_end,
        as_json=as_json,
    )
    try:
        run_command(work, BrokerUnavailable)
    except KeyboardInterrupt:
        # the way to end it
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
            # within a partition the order stays as it is: sorting is stable
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
    """One line for people: time, type, subject, version, and what it is about."""
    at = datetime.fromtimestamp(message.written_at / 1000, UTC).strftime("%H:%M:%S")
    subject = message.attributes.get("subject", "-")
    version = f" v{message.attributes['entityversion']}" if "entityversion" in message.attributes else ""
    return f"{at} {message.type or '(no CloudEvent)'} {subject}{version} {about(message)}".rstrip()


def about(message: Message) -> str:
    """The part of a message's data that a reader looks for: which command, what changed, which errors."""
    data = message.data
    if not isinstance(data, dict):
        return ""
    if "command" in data:
        errors = data.get("problem", {}).get("errors", [])
        reported = "; ".join(f"{error['code']} {error['path']}" for error in errors)
        return f"{short_type(data['command']['type'])} {data['command']['id']} {reported}"
    if data.get("changed"):
        return "changed " + ", ".join(data["changed"])
    return ""
