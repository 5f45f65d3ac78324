"""How a command ends: expected trouble in one line with exit code 1, everything else with its traceback."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

import click

T = TypeVar("T")


def run_command(work: Coroutine[Any, Any, T], *expected: type[Exception]) -> T:
    """Run the work of a command that is a short-lived client; the expected errors are told and end it with 1."""
    # the client library tells of each attempt to connect; the command tells once
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        return asyncio.run(work)
    except expected as error:
        raise click.ClickException(str(error)) from None


def print_diagnostic(text: str) -> None:
    """Say something that is not the asked-for data."""
    click.echo(text, err=True)
