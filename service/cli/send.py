"""`producer-registry send`: publish commands from a file, and print their results."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import click

from service.cli.command_preparation import (
    SOURCE,
    CommandPreparer,
    PreparedCommand,
    format_of,
    id_prefix_of,
    prepare_commands,
)
from service.cli.csv_input import InvalidCsv
from service.cli.exit_status import print_diagnostic, run_command
from service.cli.option import example_text, settings_options
from service.cli.running_instance import with_running_instance
from service.contract.topics import Topics
from service.settings import Settings


@click.command(
    epilog=example_text(
        "create codes from a CSV file with the columns code, organization and roles",
        "producer-registry send codes.csv --type producer-code.create --wait",
    )
)
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--type", "type_", metavar="T", help="Type of rows without a type, such as group.create.")
@click.option("--csv", "form", flag_value="csv", help="FILE is CSV with a header (default for *.csv).")
@click.option("--json-lines", "form", flag_value="json", help="FILE has one structured CloudEvent per line.")
@click.option("--source", default=SOURCE, show_default=True, help="Source of rows without a source.")
@click.option("--key", help="Kafka key of rows without partitionkey. [default: organization's id, else the subject]")
@click.option("--wait", is_flag=True, help="Wait for the outcomes. Exits with 1 unless all commands succeed.")
@click.option("--timeout", default=30.0, show_default=True, help="With --wait: seconds without new answers.")
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
    timeout: float,
    as_json: bool,
) -> None:
    """Publish the commands of FILE (- for stdin), one per line.

    Rows without an id get an id derived from the file's content and the row number. If the same file is sent again, its
    commands are duplicates and are ignored. CSV columns are the fields of the data; lists are separated by semicolons.
    """
    settings = with_running_instance(settings)
    settings.require("kafka_bootstrap_servers")
    content = file.read()
    preparer = CommandPreparer(
        Topics(settings.topic_prefix), type_=type_, source=source, key=key, seed=id_prefix_of(content)
    )
    try:
        commands = prepare_commands(
            content, "csv" if (form or format_of(file.name, content)) == "csv" else "json", preparer
        )
    except InvalidCsv as invalid:
        for problem in invalid.problems:
            print_diagnostic(problem)
        raise click.ClickException("nothing was sent") from None
    from consumers.kafka.session import BrokerUnavailable

    complete = run_command(_send(settings, commands, wait=wait, seconds=timeout, as_json=as_json), BrokerUnavailable)
    if not complete:
        raise click.exceptions.Exit(1)


async def _send(
    settings: Settings, commands: list[PreparedCommand], *, wait: bool, seconds: float, as_json: bool
) -> bool:
    """Publish the commands, wait for answers if requested, and print the results. Return whether all succeeded."""
    from service.cli.exchange import exchange

    async with exchange(settings, wait=wait) as open_exchange:
        with _bar("sending", len(commands)) as progress:
            answers = await open_exchange.send(commands, progress)
        if wait:
            with _bar("answers", len(commands)) as progress:
                await open_exchange.answered(seconds, progress)
    counts: dict[str, int] = {}
    for answer in answers:
        counts[answer.status] = counts.get(answer.status, 0) + 1
        if as_json:
            click.echo(json.dumps(answer.as_json(), ensure_ascii=False))
        elif wait and answer.status == "sent":
            click.echo(f"row {answer.command.row}: no answer within {seconds:g} seconds")
        else:
            for error in answer.errors:
                click.echo(f"row {answer.command.row}: {error['code']} {error['path']} {error['message']}")
    print_diagnostic(", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "0 sent")
    return not wait or set(counts) <= {"accepted", "unchanged"}


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar if stderr is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total)

        def advance(count: int) -> None:
            progress.advance(task, count)

        yield advance
