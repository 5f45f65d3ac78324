"""A broker that requires a user: each failure to log in says why, in the command line, the readiness and the log."""

import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from service.stack.apache.cluster import Apache
from service.stack.port import HOST
from tests.support.ladder import running
from tests.support.program import program
from tests.support.registry import Registry, registry_settings
from tests.support.wait import eventually

LOGIN = (
    "org.apache.kafka.common.security.plain.PlainLoginModule required "
    'username="broker" password="broker" user_broker="broker" user_service="right";'
)
SASL = {
    "listener.security.protocol.map": "CLIENT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
    "sasl.enabled.mechanisms": "PLAIN",
    "sasl.mechanism.inter.broker.protocol": "PLAIN",
    "listener.name.client.plain.sasl.jaas.config": LOGIN,
}
RIGHT: dict[str, Any] = {
    "kafka_security_protocol": "SASL_PLAINTEXT",
    "kafka_sasl_username": "service",
    "kafka_sasl_password": "right",
}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "wrong password": ({"kafka_sasl_password": "planted"}, "Authentication failed: Invalid username or password"),
    "unknown user": ({"kafka_sasl_username": "nobody"}, "Authentication failed: Invalid username or password"),
    "wrong mechanism": ({"kafka_sasl_mechanism": "SCRAM-SHA-512"}, "does not support the requested SASL mechanism."),
    "no login": ({"kafka_security_protocol": "PLAINTEXT"}, "closed ("),
}


@pytest.fixture(scope="module")
async def kafka() -> AsyncIterator[Apache]:
    """A broker that requires a user name and a password."""
    kafka = Apache(settings=SASL)
    async with running(kafka):
        yield kafka


@pytest.mark.parametrize(("changed", "reason"), WRONG.values(), ids=WRONG.keys())
async def test_a_failure_to_log_in_is_named_by_the_command_line(
    kafka: Apache, changed: dict[str, Any], reason: str, topic_prefix: str
) -> None:
    kind = {**RIGHT, **changed}
    ended = await program("topics", "check", kafka_bootstrap_servers=kafka.address, topic_prefix=topic_prefix, **kind)
    assert ended.code == 1
    assert f"last error: {kafka.address}: " in ended.err
    assert reason in ended.err
    assert "planted" not in ended.err


@pytest.fixture
def settings(kafka: Apache, database_url: str, topic_prefix: str, tmp_path: Path) -> dict[str, object]:
    """Settings of a service on this broker, with the right login."""
    return registry_settings(database_url, kafka.address, topic_prefix, tmp_path, idempotent=True) | RIGHT


@pytest.mark.parametrize(("changed", "reason"), WRONG.values(), ids=WRONG.keys())
async def test_a_failure_to_log_in_is_named_by_readiness_and_log(
    settings: dict[str, object], changed: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    service = Registry({**settings, **changed}, tmp_path).service()
    service.start()
    try:
        await eventually(lambda: reason in readiness(service.admin_port).get("broker", ""), what="the reason")
        assert reason in service.log.read_text()
        assert "planted" not in service.log.read_text()
    finally:
        await service.kill()


async def test_the_right_login_is_accepted(kafka: Apache, topic_prefix: str) -> None:
    ended = await program("topics", "create", kafka_bootstrap_servers=kafka.address, topic_prefix=topic_prefix, **RIGHT)
    assert ended.code == 0, ended.err


def readiness(admin_port: int) -> dict[str, str]:
    """Return the parts of /readyz; empty while nothing listens."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{admin_port}/readyz", timeout=5) as answer:  # own port
            body = answer.read()
    except urllib.error.HTTPError as error:
        with error:
            body = error.read()
    except OSError:
        return {}
    parts: dict[str, str] = json.loads(body)["parts"]
    return parts
