"""`producer-registry send`: publish commands from a file, and print their results."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from secrets import token_hex
from typing import TYPE_CHECKING, BinaryIO

import click

from service.cli.choice import Known, Seconds
from service.cli.command_preparation import (
    SOURCE,
    TYPES,
    CommandPreparer,
    derived_subjects,
    format_of,
    prepare_commands,
)
from service.cli.exit_status import INTERRUPTED, print_diagnostic, run_command
from service.cli.input_text import InvalidInput, rows_text
from service.cli.option import example_text, settings_options
from service.cli.running_instance import with_running_instance
from service.cli.text_line import printable
from service.contract.attribute_rule import RULES
from service.contract.topics import Topics
from service.settings import Settings

if TYPE_CHECKING:
    from service.cli.delivery import Delivery
    from service.cli.exchange import Answer

_SAFE = "It is safe to send the file again: rows that were decided are not decided twice"
_AGAIN = "With --again, rows that were sent would be decided once more"


def _valid_source(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not RULES["source"].accepts(value):
        raise click.BadParameter(f"a source must be {RULES['source'].description}")
    return value


@click.command(
    epilog=example_text(
        "create codes from a CSV file with the columns code, organization and roles",
        "producer-registry send codes.csv --type producer-code.create --wait",
    )
)
@click.argument("file", type=click.File("rb"), default="-")
@click.option(
    "--type",
    "type_",
    metavar="T",
    type=Known(TYPES, "a command type"),
    help="Type of rows without a type, such as group.create.",
)
@click.option("--csv", "form", flag_value="csv", help="FILE is CSV with a header (default for *.csv).")
@click.option(
    "--json-lines", "form", flag_value="json", help="FILE has one structured CloudEvent per line (default for *.jsonl)."
)
@click.option(
    "--source", default=SOURCE, show_default=True, callback=_valid_source, help="Source of rows without a source."
)
@click.option("--key", help="Kafka key of rows without partitionkey. [default: organization's id, else the subject]")
@click.option("--wait", is_flag=True, help="Wait for the outcomes. Exits with 1 unless all commands succeed.")
@click.option("--again", is_flag=True, help="Send all rows as new commands, also those that were decided earlier.")
@click.option(
    "--timeout", type=Seconds(), default=30.0, show_default=True, help="With --wait: seconds without new answers."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per command.")
@settings_options("kafka_bootstrap_servers")
def send(
    settings: Settings,
    *,
    file: BinaryIO,
    type_: str | None,
    form: str | None,
    source: str,
    key: str | None,
    wait: bool,
    again: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Publish the commands of FILE (- for stdin), one per line.

    Rows without an id get one that is derived from their content, so a corrected file can be sent again: rows that were
    decided are not decided twice. With --wait, rows that were rejected are decided again. CSV columns are the fields of
    the data; lists are separated by semicolons.
    """
    settings = with_running_instance(settings, "kafka_bootstrap_servers")
    content = file.read()
    preparer = CommandPreparer(
        Topics(settings.topic_prefix), type_=type_, source=source, key=key, series=token_hex(8) if again else ""
    )
    try:
        csv = (form or format_of(file.name, content)) == "csv"
        commands = prepare_commands(content, "csv" if csv else "json", preparer)
    except InvalidInput as invalid:
        for problem in invalid.problems:
            print_diagnostic(problem)
        raise click.ClickException("nothing was sent") from None
    warning = derived_subjects(commands)
    if warning:
        print_diagnostic(f"Warning: {warning}")
    from consumers.kafka.session import BrokerUnavailable
    from service.cli.delivery import Delivery

    with _bar(len(commands)) as progress:

        def report(answer: "Answer") -> None:
            progress()
            _show(answer, as_json=as_json)

        delivery = Delivery(commands, preparer, report, wait=wait)
        try:
            run_command(_deliver(settings, delivery, timeout), BrokerUnavailable)
        except (KeyboardInterrupt, click.ClickException, BrokenPipeError) as stopped:
            if delivery.answers:
                print_diagnostic(f"interrupted: {delivery.progress()}. {_AGAIN if again else _SAFE}")
            if isinstance(stopped, KeyboardInterrupt):
                raise click.exceptions.Exit(INTERRUPTED) from None
            raise
    if delivery.unanswered:
        for answer in delivery.answers:
            if answer.status == "sent":
                _show(answer, as_json=as_json)
        print_diagnostic(f"{rows_text(delivery.unanswered)}: no answer within {timeout:g} seconds")
    if delivery.not_sent:
        print_diagnostic(f"{rows_text(delivery.not_sent)}: not sent, because earlier rows have no answer")
    print_diagnostic(delivery.counts())
    if not delivery.complete:
        raise click.exceptions.Exit(1)


async def _deliver(settings: Settings, delivery: "Delivery", seconds: float) -> None:
    from service.cli.exchange import exchange

    async with exchange(settings, wait=delivery.waits) as open_exchange:
        await delivery.run(open_exchange, seconds)


def _show(answer: "Answer", *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(answer.as_json(), ensure_ascii=False))
        return
    for error in answer.errors:
        click.echo(printable(f"row {answer.command.row}: {error['code']} {error['path']} {error['message']}"))
    if answer.more:
        click.echo(f"row {answer.command.row}: and {answer.more} more")


@contextmanager
def _bar(total: int) -> Iterator[Callable[[], None]]:
    """Show a progress bar of the rows if stderr is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("rows", total=total)
        yield lambda: progress.advance(task)
