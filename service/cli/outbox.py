"""`producer-registry outbox`: list, show, retry and discard unpublished messages."""

import json
import pwd
import sys
from collections.abc import Coroutine
from os import getuid
from typing import TYPE_CHECKING, Any, TypeVar

import click

from service.cli.choice import Integer
from service.cli.exit_status import print_diagnostic, run_command
from service.cli.option import example_text, settings_options
from service.cli.running_instance import with_running_instance
from service.settings import Settings

if TYPE_CHECKING:
    from service.store.outbox_admin import Selection
    from service.store.outbox_listing import Row

T = TypeVar("T")

POSITION = Integer(0, 2**63 - 1)
EXAMPLE = "10000000000100003"


@click.group(epilog=example_text("list the held messages", "producer-registry outbox list --held"))
def outbox() -> None:
    """List, show, retry or discard unpublished messages. A POSITION is that of a row, as shown by `list`."""


@outbox.command("list", epilog=example_text("list the held messages", "producer-registry outbox list --held"))
@click.option("--held", is_flag=True, help="Only held rows: the broker refused them or earlier messages.")
@click.option("--discarded", is_flag=True, help="Discarded rows, with user and time; newest first.")
@click.option("--topic", metavar="T", help="Only rows of this topic.")
@click.option("--limit", metavar="N", type=Integer(1, 2**31), default=100, help="Maximum number of rows. [100]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@settings_options("database_url")
def list_(settings: Settings, *, held: bool, discarded: bool, topic: str | None, limit: int, as_json: bool) -> None:
    """List the waiting and held rows by position. Each row has messages of one batch, shard and topic."""
    if held and discarded:
        raise click.UsageError("use either --held or --discarded, not both")
    settings = with_running_instance(settings, "database_url")
    from service.cli.outbox_text import more_line, row_json, row_line
    from service.store import outbox_listing as listing

    if discarded:
        rows, total = _run(listing.discarded(settings, topic=topic, limit=limit))
    else:
        rows, total = _run(listing.listed(settings, topic=topic, held_only=held, limit=limit))
    for row in rows:
        click.echo(json.dumps(row_json(row), ensure_ascii=False) if as_json else row_line(row))
    if (more := more_line(rows, total)) is not None:
        print_diagnostic(more)


@outbox.command(epilog=example_text("show the messages of a row", f"producer-registry outbox show {EXAMPLE}"))
@click.argument("position", type=POSITION)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object per message, with \\x... for non-text bytes."
)
@click.option("--raw", is_flag=True, help="Print only the unchanged bytes of the row's value.")
@settings_options("database_url")
def show(settings: Settings, *, position: int, as_json: bool, raw: bool) -> None:
    """Show the messages of a waiting, held or discarded row. POSITION is that of the row or of one of its messages."""
    settings = with_running_instance(settings, "database_url")
    from service.cli.outbox_text import message_json, message_lines, row_line
    from service.store.outbox_listing import find

    found, corrupt = _run(find(settings, position))
    if found is None:
        hint = "".join(f"; row {one.row.position} may have it, but is corrupt: {one.corrupt}" for one in corrupt)
        raise click.ClickException(f"no row has the position {position}: see `outbox list`{hint}")
    if raw:
        click.echo(found.value, nl=False)
        return
    if not as_json:
        click.echo(row_line(found.row))
    if found.corrupt is not None:
        raise click.ClickException(f"row {found.row.position} is corrupt: {found.corrupt}; `--raw` prints its bytes")
    for message in found.messages:
        if as_json:
            click.echo(json.dumps(message_json(found, message), ensure_ascii=False))
        else:
            click.echo("\n" + "\n".join(message_lines(found, message)))


@outbox.command(epilog=example_text("retry after the missing topic was created", "producer-registry outbox retry"))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@settings_options("database_url")
def retry(settings: Settings, as_json: bool) -> None:
    """Request an immediate retry of all held messages. Without a request, the relays retry every few seconds."""
    settings = with_running_instance(settings, "database_url")
    from service.cli.outbox_text import counted
    from service.store import outbox_admin

    requested = _run(outbox_admin.retry(settings))
    if as_json:
        rows, messages = requested.held.rows, requested.held.messages
        click.echo(json.dumps({"held_rows": rows, "held_messages": messages, "relays": requested.relays}))
    held = f"{counted(requested.held.messages, 'message')} held in {counted(requested.held.rows, 'row')}"
    if requested.held.rows and not requested.relays:
        raise click.ClickException(f"{held}, but no relay is running: start `producer-registry serve`")
    print_diagnostic(f"{held}; retry requested from {counted(requested.relays, 'relay')}")


@outbox.command(epilog=example_text("discard one row", f"producer-registry outbox discard {EXAMPLE}"))
@click.argument("positions", nargs=-1, type=POSITION)
@click.option("--topic", metavar="T", help="All held rows of this topic.")
@click.option("--reason", metavar="R", help="All held rows with this reason (the part before the colon is sufficient).")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per row.")
@settings_options("database_url")
def discard(
    settings: Settings, *, positions: tuple[int, ...], topic: str | None, reason: str | None, yes: bool, as_json: bool
) -> None:
    """Discard held rows. Their messages are not published, unless a relay sends them at the same moment.

    Rows behind a refused row have the same topic and reason. Discarded rows are kept: see `outbox list --discarded`.
    `resend` publishes the current state of their subjects.
    """
    if [bool(positions), topic is not None, reason is not None].count(True) != 1:
        raise click.UsageError("give exactly one of: positions, --topic, --reason")
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("stdin is not a terminal: use --yes to discard without confirmation")
    settings = with_running_instance(settings, "database_url")
    from service.cli.outbox_text import counted, row_json
    from service.store import outbox_admin
    from service.store.outbox_admin import Selection

    selection = Selection(positions or None, topic, reason)
    if not yes:
        selection = _confirmed(settings, selection)
    rows = _run_on_held(outbox_admin.discard(settings, selection, _user()))
    if reason is not None and not rows:
        raise click.ClickException(f"no held row has the reason {reason}: see `outbox list --held`")
    if as_json:
        for row in rows:
            click.echo(json.dumps(row_json(row), ensure_ascii=False))
    messages = sum(row.messages for row in rows)
    print_diagnostic(f"{counted(len(rows), 'row')} with {counted(messages, 'message')} discarded")


def _confirmed(settings: Settings, selection: "Selection") -> "Selection":
    """Ask for confirmation to discard the rows of a selection. Return a selection of exactly these rows."""
    from service.cli.outbox_text import summary_lines
    from service.store import outbox_admin

    rows = _run_on_held(outbox_admin.chosen(settings, selection))
    if rows:
        print_diagnostic("rows to discard:")
        for line in summary_lines(rows):
            print_diagnostic(f"  {line}")
        if not click.confirm("Discard these rows?", err=True):
            raise click.ClickException("nothing was discarded")
    return outbox_admin.Selection(tuple(row.position for row in rows))


def _run_on_held(work: "Coroutine[Any, Any, list[Row]]") -> "list[Row]":
    from service.store.outbox_admin import NotHeld

    try:
        return _run(work)
    except NotHeld as error:
        reported = f"nothing was discarded: no held row has the position {error}: see `outbox list --held`"
        raise click.ClickException(reported) from None


def _run(work: Coroutine[Any, Any, T]) -> T:
    from service.store.errors import StoreError

    return run_command(work, StoreError)


def _user() -> str:
    """Return the name of the operating-system user, or the user id if there is no name, as in some containers."""
    try:
        return pwd.getpwuid(getuid()).pw_name
    except KeyError:
        return f"user id {getuid()}"
