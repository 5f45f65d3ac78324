"""The end of a command: expected errors are one line and exit code 1, other errors have a traceback."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

import click

from service.cli.error_text import error_text

T = TypeVar("T")

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it: 128 and the number of SIGINT."""


def run_command(work: Coroutine[Any, Any, T], *expected: type[Exception]) -> T:
    """Run a command that is a short-lived client. Expected errors are printed, and the exit code is then 1."""
    # the client library logs each attempt to connect; the command prints the error once
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        return asyncio.run(work)
    except expected as error:
        raise click.ClickException(error_text(error)) from None


def print_diagnostic(text: str) -> None:
    """Print a line to stderr, which is for everything except the requested data."""
    click.echo(text, err=True)
