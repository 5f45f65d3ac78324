"""The program `producer-registry`: a group of commands, each imported only when it is called.

Exit codes: 0 success, 1 failure, 2 wrong usage or invalid settings, 130 interrupted.
Results go to stdout, diagnostics to stderr.
"""

import io
import sys

import click

from service.cli.lazy import LazyGroup

COMMANDS = {
    "demo": ("service.cli.demo.command:demo", "Run a scripted example on a temporary embedded stack."),
    "dev": ("service.cli.dev:dev", "Run the service with an embedded database and broker."),
    "serve": ("service.cli.serve:serve", "Run the service with the configured broker and database."),
    "migrate": ("service.cli.migrate:migrate", "Apply missing migrations to the database."),
    "topics": ("service.cli.topics:topics", "Create or check the topics."),
    "schemas": ("service.cli.schemas:schemas", "Publish the JSON Schemas to a schema registry."),
    "config": ("service.cli.config:config", "Print the effective settings with masked secrets."),
    "token": ("service.cli.token:token", "Print a token signed with the development key."),
    "send": ("service.cli.send:send", "Publish commands from JSON lines or CSV."),
    "tail": ("service.cli.tail:tail", "Follow events, outcomes or commands."),
    "dead-letters": ("service.cli.dead_letters:dead_letters", "List, show, replay or discard dead letters."),
    "outbox": ("service.cli.outbox:outbox", "List, show, retry or discard unpublished messages."),
    "resend": ("service.cli.resend:resend", "Publish snapshots of the current state."),
    "load": ("service.cli.load:load", "Measure a running registry under load."),
    "after-restore": ("service.cli.after_restore:after_restore", "Raise the epoch after a restore of the database."),
    "health": ("service.cli.health:health", "Probe a running service."),
    "doctor": ("service.cli.doctor:doctor", "Check everything that the service needs, and print advice."),
}

EXAMPLE = """
\b
Example: run the embedded stack in one terminal, create a token in another
  producer-registry dev
  producer-registry token --sub pc:310 --scope account:read

Settings are read from REGISTRY_... variables. Each setting is also an option
of the commands that use it, such as --database-url: see `config`.
"""


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    epilog=EXAMPLE,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="producer-registry", message="%(version)s")
def cli() -> None:
    """Manage producer codes, groups and users: commands from Kafka, events to Kafka, queries over HTTP."""


def main() -> None:
    """Run the program with the arguments of the process, and exit with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # The encoding of a terminal may lack characters that codes and names have.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    cli(prog_name="producer-registry")
