"""`producer-registry topics`: create missing topics, and check existing ones."""

import json
from typing import TYPE_CHECKING

import click

from service.cli.exit_status import print_diagnostic, run_command
from service.cli.option import example_text, settings_options
from service.cli.running_instance import with_running_instance
from service.settings import Settings

if TYPE_CHECKING:
    from consumers.kafka.topic import Finding


@click.group(
    epilog=example_text(
        "create topics on three brokers", "producer-registry topics create --partitions 12 --replication 3"
    )
)
def topics() -> None:
    """Create or check the topics. Existing topics are never changed."""


@topics.command(epilog=example_text("create the missing topics", "producer-registry topics create"))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per topic.")
@settings_options("kafka_bootstrap_servers", "topic_prefix", "partitions", "replication")
def create(settings: Settings, as_json: bool) -> None:
    """Create missing topics. Repeated and concurrent runs are safe."""
    settings = with_running_instance(settings, "kafka_bootstrap_servers")
    from consumers.kafka.session import BrokerUnavailable
    from consumers.kafka.topic import create as create_topics

    findings = run_command(create_topics(settings), BrokerUnavailable)
    _show(findings, as_json)
    if any(finding.state == "different" for finding in findings):
        print_diagnostic("existing topics that differ from the settings were not changed")
    if any(finding.state == "unknown" for finding in findings):
        print_diagnostic("topics that this Kafka user may not see in full were not compared with the settings")


@topics.command(epilog=example_text("check before a start in production", "producer-registry topics check"))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per topic.")
@settings_options("kafka_bootstrap_servers", "topic_prefix", "partitions", "replication")
def check(settings: Settings, as_json: bool) -> None:
    """Compare the topics with the settings. Exits with 1 if a topic is missing, different or not seen in full."""
    settings = with_running_instance(settings, "kafka_bootstrap_servers")
    from consumers.kafka.session import BrokerUnavailable
    from consumers.kafka.topic import check as check_topics

    findings = run_command(check_topics(settings), BrokerUnavailable)
    _show(findings, as_json)
    if any(finding.state != "right" for finding in findings):
        raise click.exceptions.Exit(1)


def _show(findings: "list[Finding]", as_json: bool) -> None:
    for finding in findings:
        if as_json:
            reported = {"topic": finding.topic, "state": finding.state, "differences": list(finding.differences)}
            click.echo(json.dumps(reported))
        else:
            click.echo(f"{finding.state:9}  {finding.topic}  {'; '.join(finding.differences)}".rstrip())
