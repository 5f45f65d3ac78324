"""Commands that create and check the topics of the registry.

Existing topics are never changed: additional partitions would break the order of a key, and other settings are the
operator's decision.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from consumers.kafka.client import connection
from consumers.kafka.session import BrokerUnavailable, answered
from service.contract.topic_plan import Planned, plan
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """The result for one topic: "created", "right", "missing" or "different", with the differences."""

    topic: str
    state: str
    differences: tuple[str, ...] = ()


async def create(settings: Settings) -> list[Finding]:
    """Create missing topics and check the others. Safe to repeat and to run concurrently.

    Raises BrokerUnavailable when the broker does not answer or refuses a topic.
    """
    planned = plan(settings)
    async with _admin(settings) as admin:
        present = await _present(admin, planned)
        missing = [topic for topic in planned if topic.name not in present]
        created = await _create(settings, admin, missing) if missing else set()
        findings = {finding.topic: finding for finding in await _check(admin, planned)}
    return [Finding(topic.name, "created") if topic.name in created else findings[topic.name] for topic in planned]


async def check(settings: Settings) -> list[Finding]:
    """Compare the existing topics with their planned configuration, without changes. Raises BrokerUnavailable."""
    async with _admin(settings) as admin:
        return await _check(admin, plan(settings))


@asynccontextmanager
async def _admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**connection(settings))
    async with answered(settings):
        try:
            await admin.start()
            yield admin
        finally:
            await admin.close()


async def _create(settings: Settings, admin: AIOKafkaAdminClient, missing: list[Planned]) -> set[str]:
    response = await admin.create_topics(
        [NewTopic(topic.name, topic.partitions, topic.replication, topic_configs=topic.configs) for topic in missing]
    )
    created: set[str] = set()
    for name, code, *reported in response.topic_errors:
        error = for_code(code)
        if code == 0:
            created.add(name)
        elif error is not TopicAlreadyExistsError:
            why = f"{error.__name__} {reported[0] if reported and reported[0] else ''}".strip()
            raise BrokerUnavailable(f"Kafka at {settings.kafka_bootstrap_servers} refuses to create {name}: {why}")
    return created


async def _present(admin: AIOKafkaAdminClient, planned: list[Planned]) -> dict[str, tuple[int, int]]:
    """Return the numbers of partitions and replicas of the planned topics that exist."""
    # The request names no topic: a metadata request that names one may create it.
    names = {topic.name for topic in planned}
    return {
        topic["topic"]: (len(topic["partitions"]), min((len(p["replicas"]) for p in topic["partitions"]), default=0))
        for topic in await admin.describe_topics()
        if topic["topic"] in names and topic["error_code"] == 0
    }


async def _check(admin: AIOKafkaAdminClient, planned: list[Planned]) -> list[Finding]:
    present = await _present(admin, planned)
    configs = await _configs_of(admin, [topic.name for topic in planned if topic.name in present])
    findings: list[Finding] = []
    for topic in planned:
        if topic.name not in present:
            findings.append(Finding(topic.name, "missing"))
            continue
        partitions, replication = present[topic.name]
        differences: list[str] = []
        if partitions != topic.partitions:
            differences.append(f"partitions {partitions}, not {topic.partitions}")
        if replication != topic.replication:
            differences.append(f"replication {replication}, not {topic.replication}")
        differences += [
            f"{name} {value}, not {topic.configs[name]}"
            for name, value in configs.get(topic.name, {}).items()
            if topic.configs.get(name, value) != value
        ]
        findings.append(Finding(topic.name, "different" if differences else "right", tuple(differences)))
    return findings


async def _configs_of(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    """Return the topic settings that the broker reports (the embedded one reports none)."""
    if not names:
        return {}
    responses = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    return {
        name: {entry[0]: entry[1] for entry in entries if entry[1] is not None}
        for response in responses
        for code, _, _, name, entries in response.resources
        if code == 0
    }
