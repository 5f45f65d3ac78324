"""The program `producer-registry`: one group of commands, each imported only when it is called.

Exit codes: 0 done, 1 the asked-for thing failed, 2 wrong usage (settings that are refused too).
What was asked for goes to stdout, talk to stderr.
"""

import click

from service.cli.lazy import LazyGroup

COMMANDS = {
    "demo": ("service.cli.demo.command:demo", "Tell the registry's story on an embedded stack, then clean up."),
    "dev": ("service.cli.dev:dev", "Run everything, embedded, until Ctrl-C."),
    "serve": ("service.cli.serve:serve", "Run against the configured broker and database."),
    "migrate": ("service.cli.migrate:migrate", "Bring the database's schema up to date."),
    "topics": ("service.cli.topics:topics", "Create the topics, or check them."),
    "config": ("service.cli.config:config", "Print the effective settings, secrets masked."),
    "token": ("service.cli.token:token", "Print a token signed with the development key."),
    "send": ("service.cli.send:send", "Publish commands from JSON lines or CSV."),
    "tail": ("service.cli.tail:tail", "Follow events, outcomes or commands."),
    "dead-letters": ("service.cli.dead_letters:dead_letters", "List, show, replay or discard dead letters."),
    "outbox": ("service.cli.outbox:outbox", "List, show, retry or discard messages that are not published."),
    "resend": ("service.cli.resend:resend", "Publish the present state again."),
    "load": ("service.cli.load:load", "Measure a running registry under load."),
    "health": ("service.cli.health:health", "Probe a running service."),
    "doctor": ("service.cli.doctor:doctor", "Check the surroundings, and say what to do."),
}

EXAMPLE = """
\b
Example: the embedded stack in one terminal, a question in another
  producer-registry dev
  producer-registry token --sub pc:310 --scope account:read

Settings come from REGISTRY_... variables; each is an option of the commands
that use it too (REGISTRY_DATABASE_URL is --database-url): see `config`.
"""


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    epilog=EXAMPLE,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="producer-registry", message="%(version)s")
def cli() -> None:
    """Producer codes, groups and users: Kafka commands in, state and events out, answers over HTTP."""


def main() -> None:
    """Run the program with the process's arguments and end it with its exit code."""
    cli(prog_name="producer-registry")
