"""`producer-registry dead-letters`: list, show, replay and discard records of the dead-letter topic."""

import json
from collections.abc import Sequence
from typing import get_args

import click

from service.cli.choice import Known
from service.cli.dead_letter import DeadLetter
from service.cli.exit_status import print_diagnostic, run_command
from service.cli.option import example_text, settings_options
from service.cli.running_instance import with_running_instance
from service.cli.text_line import printable, text_line
from service.contract.record import Reason
from service.settings import Settings

ADDRESS = "registry.dead-letters.v1:3:17"
REASON = Known(get_args(Reason), "a reason of dead letters")


@click.group(epilog=example_text("after an upgrade", "producer-registry dead-letters replay --reason unknown-type"))
def dead_letters() -> None:
    """List, show, replay or discard dead letters. An ADDRESS is topic:partition:offset, as shown by `list`."""


@dead_letters.command("list", epilog=example_text("list the open dead letters", "producer-registry dead-letters list"))
@click.option("--reason", metavar="R", type=REASON, help="Only dead letters with this reason.")
@click.option("--all", "everything", is_flag=True, help="Include replayed and discarded dead letters.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@settings_options("kafka_bootstrap_servers")
def list_(settings: Settings, *, reason: str | None, everything: bool, as_json: bool) -> None:
    """List the dead letters on the topic."""
    for letter in _read(settings):
        if (reason and letter.origin.reason != reason) or (letter.state != "open" and not everything):
            continue
        reported = letter.as_json()
        line = f"{reported['address']}  {reported['failed_at']}  {reported['reason']}  from {reported['from']}"
        click.echo(json.dumps(reported, ensure_ascii=False) if as_json else printable(f"{line}  {reported['state']}"))


@dead_letters.command(epilog=example_text("show one dead letter", f"producer-registry dead-letters show {ADDRESS}"))
@click.argument("address")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with \\x... for non-text bytes.")
@click.option("--raw", is_flag=True, help="Print only the unchanged bytes of the value.")
@settings_options("kafka_bootstrap_servers")
def show(settings: Settings, *, address: str, as_json: bool, raw: bool) -> None:
    """Show a dead letter: the reason, and the original record."""
    (letter,) = _chosen(_read(settings), [address])
    if raw:
        click.echo(letter.value or b"", nl=False)
        return
    headers = [[name, _text(value)] for name, value in letter.origin.headers]
    reported = {**letter.as_json(), "key": _text(letter.key), "headers": headers, "value": _text(letter.value)}
    if as_json:
        click.echo(json.dumps(reported, ensure_ascii=False))
        return
    for name, value in reported.items():
        if name == "headers":
            for header, content in headers:
                click.echo(text_line("header", f"{header}: {content}"))
        else:
            click.echo(text_line(name, value))


@dead_letters.command(epilog=example_text("replay one dead letter", f"producer-registry dead-letters replay {ADDRESS}"))
@click.argument("addresses", nargs=-1)
@click.option("--reason", metavar="R", type=REASON, help="All open dead letters with this reason.")
@click.option("--again", is_flag=True, help="Include replayed and discarded dead letters.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per dead letter.")
@settings_options("kafka_bootstrap_servers")
def replay(settings: Settings, *, addresses: tuple[str, ...], reason: str | None, again: bool, as_json: bool) -> None:
    """Publish dead letters to their original topics again. The records are unchanged and marked as replays."""
    _change(settings, addresses, reason, "replayed", again=again, as_json=as_json)


@dead_letters.command(
    epilog=example_text("discard one dead letter", f"producer-registry dead-letters discard {ADDRESS}")
)
@click.argument("addresses", nargs=-1)
@click.option("--reason", metavar="R", type=REASON, help="All open dead letters with this reason.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per dead letter.")
@settings_options("kafka_bootstrap_servers")
def discard(settings: Settings, *, addresses: tuple[str, ...], reason: str | None, as_json: bool) -> None:
    """Mark dead letters as discarded. The topic keeps the records until its retention time ends."""
    _change(settings, addresses, reason, "discarded", again=False, as_json=as_json)


def _change(
    settings: Settings, addresses: Sequence[str], reason: str | None, state: str, *, again: bool, as_json: bool
) -> None:
    if bool(addresses) == bool(reason):
        raise click.UsageError("give either addresses or --reason")
    letters = _read(settings)
    chosen = _chosen(letters, addresses) if addresses else [x for x in letters if x.origin.reason == reason]
    closed = [letter for letter in chosen if letter.state != "open" and not again]
    if closed and addresses:
        reported = "; ".join(f"{letter.address} was {letter.state}" for letter in closed)
        hint = "; use --again to replay again" if state == "replayed" else ""
        raise click.ClickException(f"no dead letter was {state}: {reported}{hint}")
    remaining = [letter for letter in chosen if letter not in closed]
    from consumers.kafka.session import BrokerUnavailable

    run_command(_mark_all(with_running_instance(settings), remaining, state), BrokerUnavailable)
    if as_json:
        for letter in remaining:
            click.echo(json.dumps(letter.as_json(), ensure_ascii=False))
    print_diagnostic(f"{len(remaining)} {state}")


async def _mark_all(settings: Settings, letters: list[DeadLetter], state: str) -> None:
    from consumers.kafka.session import publishing
    from service.cli import dead_letter

    async with publishing(settings) as publisher:
        for letter in letters:
            if state == "replayed":
                await dead_letter.replay(settings, publisher, letter)
            else:
                await dead_letter.mark(settings, publisher, letter, "discarded")


def _read(settings: Settings) -> list[DeadLetter]:
    settings = with_running_instance(settings, "kafka_bootstrap_servers")
    from consumers.kafka.session import BrokerUnavailable
    from service.cli.dead_letter import dead_letters as read_all

    return run_command(read_all(settings), BrokerUnavailable)


def _chosen(letters: list[DeadLetter], addresses: Sequence[str]) -> list[DeadLetter]:
    by_address = {letter.address: letter for letter in letters}
    unknown = [address for address in addresses if address not in by_address]
    if unknown:
        raise click.ClickException(f"unknown dead letter: {', '.join(unknown)}; see `dead-letters list --all`")
    return [by_address[address] for address in dict.fromkeys(addresses)]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="backslashreplace")
