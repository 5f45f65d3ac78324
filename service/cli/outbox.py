"""`producer-registry outbox`: look at messages that wait or are held, have them tried again, or discard them."""

import json
import pwd
import sys
from collections.abc import Coroutine
from os import getuid
from typing import TYPE_CHECKING, Any, TypeVar

import click

from service.cli.exit_status import print_diagnostic, run_command
from service.cli.option import example_text, settings_options
from service.cli.running_instance import located
from service.settings import Settings

if TYPE_CHECKING:
    from service.store.outbox_admin import Selection
    from service.store.outbox_listing import Row

T = TypeVar("T")

POSITION = click.IntRange(0, 2**63 - 1)
EXAMPLE = "10000000000100003"


@click.group(epilog=example_text("what the broker refuses", "producer-registry outbox list --held"))
def outbox() -> None:
    """Work on messages that are not published; a position is that of a row, as `list` shows it."""


@outbox.command("list", epilog=example_text("what the broker refuses", "producer-registry outbox list --held"))
@click.option("--held", is_flag=True, help="Only what is held, because the broker refused it or a message before it.")
@click.option("--discarded", is_flag=True, help="What was discarded, by whom and when; the newest first.")
@click.option("--topic", metavar="T", help="Only rows of this topic.")
@click.option("--limit", metavar="N", type=click.IntRange(1, 2**31), default=100, help="Rows at most. [100]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@settings_options("database_url")
def list_(settings: Settings, *, held: bool, discarded: bool, topic: str | None, limit: int, as_json: bool) -> None:
    """List the rows that wait or are held, by position. A row has messages of one batch, shard and topic."""
    if held and discarded:
        raise click.UsageError("give --held or --discarded, not both")
    settings = _with_database(settings)
    from service.cli.outbox_text import more_line, row_json, row_line
    from service.store import outbox_listing as listing

    if discarded:
        rows, all_ = _finish(listing.discarded(settings, topic=topic, limit=limit))
    else:
        rows, all_ = _finish(listing.listed(settings, topic=topic, held_only=held, limit=limit))
    for row in rows:
        click.echo(json.dumps(row_json(row), ensure_ascii=False) if as_json else row_line(row))
    if (more := more_line(rows, all_)) is not None:
        print_diagnostic(more)


@outbox.command(epilog=example_text("what is in a row", f"producer-registry outbox show {EXAMPLE}"))
@click.argument("position", type=POSITION)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a message; bytes that are no text as \\x...")
@click.option("--raw", is_flag=True, help="Only the row's value, byte for byte.")
@settings_options("database_url")
def show(settings: Settings, *, position: int, as_json: bool, raw: bool) -> None:
    """Show the messages of a row that waits, is held or was discarded; POSITION is the row's or a message's."""
    settings = _with_database(settings)
    from service.cli.outbox_text import message_json, message_lines, row_line
    from service.store.outbox_listing import find

    found, corrupt = _finish(find(settings, position))
    if found is None:
        reported = "".join(f"; row {one.row.position} may have it, and is corrupt: {one.corrupt}" for one in corrupt)
        raise click.ClickException(f"no row has the position {position}: see `outbox list`{reported}")
    if raw:
        click.echo(found.value, nl=False)
        return
    if not as_json:
        click.echo(row_line(found.row))
    if found.corrupt is not None:
        raise click.ClickException(f"row {found.row.position} is corrupt: {found.corrupt}; `--raw` writes its bytes")
    for message in found.messages:
        if as_json:
            click.echo(json.dumps(message_json(found, message), ensure_ascii=False))
        else:
            click.echo("\n" + "\n".join(message_lines(found, message)))


@outbox.command(epilog=example_text("the topic is there now", "producer-registry outbox retry"))
@settings_options("database_url")
def retry(settings: Settings) -> None:
    """Ask the running relays to try at once what is held; they also do so by themselves every few seconds."""
    settings = _with_database(settings)
    from service.cli.outbox_text import counted
    from service.store import outbox_admin

    asked = _finish(outbox_admin.retry(settings))
    reported = f"{counted(asked.held.messages, 'message')} held in {counted(asked.held.rows, 'row')}"
    if asked.held.rows and not asked.relays:
        raise click.ClickException(
            f"{reported}, and no relay runs that could try them: start `producer-registry serve`"
        )
    print_diagnostic(f"{reported}; {counted(asked.relays, 'relay')} asked")


@outbox.command(epilog=example_text("let a row go", f"producer-registry outbox discard {EXAMPLE}"))
@click.argument("positions", nargs=-1, type=POSITION)
@click.option("--topic", metavar="T", help="All held rows of this topic.")
@click.option("--reason", metavar="R", help="All held rows with this reason; what is before its colon is enough.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@settings_options("database_url")
def discard(
    settings: Settings, *, positions: tuple[int, ...], topic: str | None, reason: str | None, yes: bool
) -> None:
    """Discard held rows: their messages are never published, unless a relay sends them at this moment.

    The rows behind a refused one have its topic and its reason, too. What is discarded is kept: `outbox list
    --discarded`. `resend` publishes the present state of its subjects again.
    """
    if [bool(positions), topic is not None, reason is not None].count(True) != 1:
        raise click.UsageError("give positions, or --topic, or --reason")
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask on: give --yes to discard without a question")
    settings = _with_database(settings)
    from service.cli.outbox_text import counted
    from service.store import outbox_admin
    from service.store.outbox_admin import Selection

    selection = Selection(positions or None, topic, reason)
    if not yes:
        selection = _confirmed(settings, selection)
    rows = _finish_held(outbox_admin.discard(settings, selection, _user()))
    messages = sum(row.messages for row in rows)
    print_diagnostic(f"{counted(len(rows), 'row')} with {counted(messages, 'message')} discarded")


def _confirmed(settings: Settings, selection: "Selection") -> "Selection":
    """Ask whether to discard what a selection has now; answers the positions of exactly that."""
    from service.cli.outbox_text import summary_lines
    from service.store import outbox_admin

    rows = _finish_held(outbox_admin.chosen(settings, selection))
    if rows:
        print_diagnostic("to be discarded:")
        for line in summary_lines(rows):
            print_diagnostic(f"  {line}")
        if not click.confirm("Discard them?", err=True):
            raise click.ClickException("nothing was discarded")
    return outbox_admin.Selection(tuple(row.position for row in rows))


def _finish_held(work: "Coroutine[Any, Any, list[Row]]") -> "list[Row]":
    from service.store.outbox_admin import NotHeld

    try:
        return _finish(work)
    except NotHeld as error:
        reported = f"nothing was discarded: no held row has the position {error}: see `outbox list --held`"
        raise click.ClickException(reported) from None


def _finish(work: Coroutine[Any, Any, T]) -> T:
    from service.store.errors import StoreRace, StoreUnavailable

    return run_command(work, StoreUnavailable, StoreRace)


def _with_database(settings: Settings) -> Settings:
    settings = located(settings)
    settings.need("database_url")
    return settings


def _user() -> str:
    """The user of the operating system, who may have no name in a container."""
    try:
        return pwd.getpwuid(getuid()).pw_name
    except KeyError:
        return f"user id {getuid()}"
