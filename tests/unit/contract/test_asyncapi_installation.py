"""The AsyncAPI document shows the settings of an installation, but no secrets and no addresses unless they say so."""

import json
from typing import Any

import pytest

from service.contract.asyncapi import document
from service.contract.topic_plan import plan
from service.settings import Settings

SASL = {"kafka_sasl_username": "registry-user", "kafka_sasl_password": "registry-password"}


def channels(**settings: Any) -> dict[str, Any]:
    """Return the channels by topic."""
    shown: dict[str, Any] = document(Settings(**settings))["channels"]
    return {channel["address"]: channel for channel in shown.values()}


def _kept(topic: str) -> list[str]:
    """Return the setting that says how long records, or tombstones, are kept."""
    return ["delete.retention.ms" if ".state." in topic else "retention.ms"]


def test_channels_have_the_planned_configuration_of_their_topics() -> None:
    settings = {
        "topic_prefix": "acme",
        "partitions": 7,
        "replication": 3,
        "command_retention_days": 5,
        "event_retention_days": 90,
        "dead_letter_retention_days": 20,
        "inbox_retention_days": 60,
        "max_body_bytes": 500_000,
    }
    shown = channels(**settings)
    for topic in plan(Settings(**settings)):  # type: ignore[arg-type]  # pydantic checks the values
        assert shown[topic.name]["bindings"]["kafka"] == {
            "topic": topic.name,
            "partitions": 7,
            "replicas": 3,
            "topicConfiguration": {
                "cleanup.policy": ["compact" if ".state." in topic.name else "delete"],
                **{kept: int(topic.configs[kept]) for kept in _kept(topic.name)},
                "max.message.bytes": int(topic.configs["max.message.bytes"]),
            },
            "bindingVersion": "0.5.0",
        }
        assert "; 7 partitions." in shown[topic.name]["description"]
    days = {
        "acme.commands.v1": 5,
        "acme.user.events.v1": 90,
        "acme.command.outcomes.v1": 90,
        "acme.dead-letters.v1": 20,
    }
    for name, count in days.items():
        assert f"kept for {count} days" in shown[name]["description"]
    assert "at most 500,000 bytes" in shown["acme.commands.v1"]["description"]
    assert "at most 500,000 bytes" in shown["acme.operator.commands.v1"]["description"]
    assert "Ids are remembered for 60 days." in shown["acme.commands.v1"]["description"]
    assert "Such a record is kept for 90 days" in shown["acme.user.state.v1"]["description"]


def test_no_broker_is_named_unless_the_settings_say_so() -> None:
    shown = document(
        Settings(kafka_bootstrap_servers="internal:9092", kafka_security_protocol="SASL_SSL", **SASL)  # type: ignore[arg-type]
    )
    assert "servers" not in shown
    assert "securitySchemes" not in shown["components"]
    assert not [secret for secret in ("internal", *SASL.values()) if secret in json.dumps(shown)]


@pytest.mark.parametrize(
    ("settings", "protocol", "scheme"),
    [
        ({}, "kafka", None),
        ({"kafka_security_protocol": "SSL"}, "kafka-secure", None),
        (
            {"kafka_security_protocol": "SSL", "kafka_ssl_certfile": "a.pem", "kafka_ssl_keyfile": "b.pem"},
            "kafka-secure",
            "X509",
        ),
        ({"kafka_security_protocol": "SASL_PLAINTEXT", **SASL}, "kafka", "plain"),
        (
            {"kafka_security_protocol": "SASL_SSL", "kafka_sasl_mechanism": "SCRAM-SHA-256", **SASL},
            "kafka-secure",
            "scramSha256",
        ),
        (
            {"kafka_security_protocol": "SASL_SSL", "kafka_sasl_mechanism": "SCRAM-SHA-512", **SASL},
            "kafka-secure",
            "scramSha512",
        ),
    ],
)
def test_brokers_have_protocol_and_security(settings: dict[str, Any], protocol: str, scheme: str | None) -> None:
    shown = document(
        Settings(
            asyncapi_bootstrap_servers="a.example.com:9092, b.example.com:9093",
            kafka_bootstrap_servers="internal:9092",
            **settings,
        )
    )
    assert [server["host"] for server in shown["servers"].values()] == ["a.example.com:9092", "b.example.com:9093"]
    schemes = shown["components"].get("securitySchemes", {})
    assert {name: one["type"] for name, one in schemes.items()} == ({scheme: scheme} if scheme else {})
    for server in shown["servers"].values():
        assert server["protocol"] == protocol
        names = [one["$ref"] for one in server.get("security", ())]
        assert names == ([f"#/components/securitySchemes/{scheme}"] if scheme else [])
    assert not [secret for secret in ("internal", *SASL.values()) if secret in json.dumps(shown)]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("", {}),
        ("registry@example.com", {"email": "registry@example.com"}),
        ("https://example.com/registry", {"url": "https://example.com/registry"}),
    ],
)
def test_contact_and_license(given: str, shown: dict[str, str]) -> None:
    information = document(Settings(api_contact=given))["info"]
    assert information["contact"] == {"name": "Operator of the producer registry", **shown}
    assert information["license"] == {"name": "Apache-2.0"}


def test_reply_topics_are_mentioned_but_not_named() -> None:
    def replyto(**settings: Any) -> str:
        message = document(Settings(**settings))["components"]["messages"]["GroupCreate"]
        return str(message["headers"]["properties"]["ce_replyto"]["description"])

    assert "this installation has no reply topics" in replyto()
    assert "this installation has no reply topics" not in replyto(reply_topics=("crm-replies",))
    assert "crm-replies" not in json.dumps(document(Settings(reply_topics=("crm-replies",))))
