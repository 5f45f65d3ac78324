"""Producers without any setting: they are idempotent on Apache Kafka, and work on the embedded broker."""

import json

from tests.support.ladder import Rung
from tests.support.program import program
from tests.support.registry import Registry

WARNING = "idempotent_producer_off"


async def test_commands_and_outcomes_need_no_setting(registry: Registry, broker_rung: Rung) -> None:
    del registry.settings["kafka_idempotent_producer"]
    service = await registry.started()
    bootstrap, prefix = registry.settings["kafka_bootstrap_servers"], registry.topics.prefix
    row = {"type": "organization.put", "subject": "sent:1", "id": "sent", "data": {"displayName": "Sent"}}
    ended = await program(
        "send", "-", "--json", stdin=json.dumps(row), kafka_bootstrap_servers=bootstrap, topic_prefix=prefix
    )
    assert ended.code == 0, ended.err
    assert [json.loads(line)["status"] for line in ended.lines] == ["sent"]
    assert (await registry.outcome("sent")).text["ce_type"] == "producer-registry.command.accepted.v1"
    warnings = 0 if broker_rung.is_apache else 1
    assert ended.err.count(WARNING) == warnings
    assert service.log.read_text().count(WARNING) == warnings


async def test_the_setting_avoids_the_attempt(registry: Registry) -> None:
    service = await registry.started(kafka_idempotent_producer=False)
    await registry.accepted("organization.put", "sent:1", {"displayName": "Sent"}, id="sent")
    assert WARNING not in service.log.read_text()
