"""Commands that create and check the topics of the registry.

Existing topics are never changed: additional partitions would break the order of a key, and other settings are the
operator's decision.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, TopicAuthorizationFailedError, for_code

from consumers.kafka.client import connection
from consumers.kafka.permission import denied, lacks
from consumers.kafka.session import BrokerUnavailable, answered
from consumers.kafka.visibility import Absent, Seen, look_up
from service.contract.topic_plan import Planned, plan
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """The result for one topic: "created", "right", "missing", "different" or "unknown".

    `differences` also has what could not be compared. "unknown" means that nothing different was seen, but that a part
    of the topic could not be seen.
    """

    topic: str
    state: str
    differences: tuple[str, ...] = ()


async def create(settings: Settings) -> list[Finding]:
    """Create missing topics and check the others. Safe to repeat and to run concurrently.

    Raises BrokerUnavailable when the broker does not answer or refuses a topic.
    """
    planned = plan(settings)
    async with _admin(settings) as admin:
        states = await look_up(admin, [topic.name for topic in planned])
        # A topic that is hidden may be missing.
        missing = [topic for topic in planned if not isinstance(states.get(topic.name), Seen)]
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
    async with answered(settings, "DESCRIBE"):
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
            why = denied(error(name), "CREATE") or f"{error.__name__} {(reported and reported[0]) or ''}".strip()
            raise BrokerUnavailable(f"Kafka at {settings.kafka_bootstrap_servers} refuses to create {name}: {why}")
    return created


async def _check(admin: AIOKafkaAdminClient, planned: list[Planned]) -> list[Finding]:
    states = await look_up(admin, [topic.name for topic in planned])
    configs = await _configs_of(admin, [name for name, state in states.items() if isinstance(state, Seen)])
    return [_finding(topic, states.get(topic.name, "missing"), configs.get(topic.name, {})) for topic in planned]


def _finding(topic: Planned, state: Seen | Absent, configs: dict[str, str] | str) -> Finding:
    if state == "missing":
        return Finding(topic.name, "missing")
    if state == "hidden":
        return Finding(topic.name, "unknown", (f"not seen: {lacks('DESCRIBE', 'the topic')}",))
    differences: list[str] = []
    if state.partitions != topic.partitions:
        differences.append(f"partitions {state.partitions}, not {topic.partitions}")
    if state.replication != topic.replication:
        differences.append(f"replication {state.replication}, not {topic.replication}")
    if isinstance(configs, str):
        unseen = f"settings not compared: {configs}"
        return Finding(topic.name, "different" if differences else "unknown", (*differences, unseen))
    differences += [
        f"{name} {value}, not {topic.configs[name]}"
        for name, value in configs.items()
        if topic.configs.get(name, value) != value
    ]
    return Finding(topic.name, "different" if differences else "right", tuple(differences))


async def _configs_of(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str] | str]:
    """Return the settings of each topic (the embedded broker reports none), or the reason why they are unknown."""
    if not names:
        return {}
    responses = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    found: dict[str, dict[str, str] | str] = {}
    for response in responses:
        for code, _, _, name, entries in response.resources:
            error = for_code(code)
            if error is TopicAuthorizationFailedError:
                found[name] = lacks("DESCRIBE_CONFIGS", "the topic")
            else:
                found[name] = error.__name__ if code else {one[0]: one[1] for one in entries if one[1] is not None}
    return found
