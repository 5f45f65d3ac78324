"""Topics as they should be: what the broker is asked for, and what is found of those that are there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource
from aiokafka.errors import (
    PolicyViolationError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from consumers.kafka import topic
from consumers.kafka.session import BrokerUnavailable
from consumers.kafka.topic import Finding, check, create
from service.contract.topic_plan import plan
from service.contract.topics import Topics
from service.settings import Settings

SETTINGS = Settings(
    kafka_bootstrap_servers="127.0.0.1:1",
    partitions=6,
    replication=3,
    command_retention_days=7,
    event_retention_days=30,
    dead_letter_retention_days=60,
    inbox_retention_days=60,
    max_body_bytes=100_000,
)
DAY_MS = 86_400_000
MEGABYTE = 1_048_588
"""What a broker takes when nobody says otherwise."""
UNKNOWN, FORBIDDEN = UnknownTopicOrPartitionError.errno, TopicAuthorizationFailedError.errno


@dataclass
class StubAdmin:
    """A cluster with `topics`: partitions, replicas and settings by name; `errors` are its answers to a creation.

    The user may not see the `hidden` topics, nor the settings of the `closed_settings`.
    """

    topics: dict[str, tuple[int, int, dict[str, str]]] = field(default_factory=dict)
    errors: dict[str, type[Exception]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    closed_settings: set[str] = field(default_factory=set)
    asked: list[NewTopic] = field(default_factory=list)
    closed: bool = False

    async def start(self) -> None:
        return

    async def close(self) -> None:
        self.closed = True

    async def create_topics(self, wanted: Sequence[NewTopic]) -> Any:
        self.asked += wanted
        answers = []
        for one in wanted:
            error: Any = self.errors.get(one.name)
            if error in (None, TopicAlreadyExistsError):
                self.topics[one.name] = (one.num_partitions, one.replication_factor, dict(one.topic_configs))
            answers.append((one.name, error.errno if error else 0, "why"))
        return SimpleNamespace(topic_errors=answers)

    async def _send_request(self, request: Any) -> Any:
        reported = [self._described(name) for name in request._topics]
        return SimpleNamespace(to_object=lambda: {"topics": reported})

    def _described(self, name: str) -> dict[str, Any]:
        partitions, replicas, _ = self.topics.get(name, (0, 0, {}))
        code = FORBIDDEN if name in self.hidden else 0 if name in self.topics else UNKNOWN
        return {"topic": name, "error_code": code, "partitions": [{"replicas": [*range(replicas)]}] * partitions}

    async def describe_configs(self, wanted: Sequence[ConfigResource]) -> list[Any]:
        reported = [
            (FORBIDDEN, "", 2, one.name, [])
            if one.name in self.closed_settings
            else (0, "", 2, one.name, [*self.topics[one.name][2].items(), ("other", None)])
            for one in wanted
        ]
        return [SimpleNamespace(resources=reported)]


@pytest.fixture
def admin(monkeypatch: pytest.MonkeyPatch) -> StubAdmin:
    """The cluster that every client of the test reaches."""
    admin = StubAdmin()
    monkeypatch.setattr(topic, "AIOKafkaAdminClient", lambda **_: admin)
    return admin


def _configs(days: int, longest: int) -> dict[str, str]:
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(days * DAY_MS),
        "max.message.bytes": str(longest),
        "min.insync.replicas": "2",
    }


def _compacted(tombstone_days: int, longest: int) -> dict[str, str]:
    return {
        "cleanup.policy": "compact",
        "delete.retention.ms": str(tombstone_days * DAY_MS),
        "max.message.bytes": str(longest),
        "min.insync.replicas": "2",
    }


def test_every_topic_has_its_settings_under_the_names_that_kafka_knows() -> None:
    planned = {one.name.removeprefix("registry."): one for one in plan(SETTINGS)}
    events = planned["group.events.v1"].configs["max.message.bytes"]
    assert {name: one.configs for name, one in planned.items()} == {
        "commands.v1": _configs(7, MEGABYTE),
        "operator.commands.v1": _configs(7, MEGABYTE),
        "group.events.v1": _configs(30, int(events)),
        "code.events.v1": _configs(30, int(events)),
        "user.events.v1": _configs(30, int(events)),
        "directory.events.v1": _configs(30, int(events)),
        "command.outcomes.v1": _configs(30, int(events)),
        "dead-letters.v1": _configs(60, 2 * MEGABYTE),
        "group.state.v1": _compacted(30, int(events)),
        "code.state.v1": _compacted(30, int(events)),
        "user.state.v1": _compacted(30, int(events)),
        "directory.state.v1": _compacted(30, int(events)),
    }
    assert int(events) > SETTINGS.max_body_bytes
    assert {(one.partitions, one.replication) for one in planned.values()} == {(6, 3)}


def test_state_topics_are_not_needed_when_they_are_turned_off() -> None:
    without = plan(SETTINGS.model_copy(update={"state_topics": False}))
    assert [one.name for one in without] == list(Topics().all(states=False))
    assert [one.name for one in plan(SETTINGS)] == list(Topics().all())


async def test_a_state_topic_that_is_not_compacted_is_different(admin: StubAdmin) -> None:
    state = plan(SETTINGS)[-1]
    admin.topics[state.name] = (state.partitions, state.replication, {**state.configs, "cleanup.policy": "delete"})
    assert (await check(SETTINGS))[-1] == Finding(state.name, "different", ("cleanup.policy delete, not compact",))


@pytest.mark.parametrize(("replication", "least"), [(1, None), (2, None), (3, "2")])
def test_two_replicas_have_to_be_in_sync_when_there_are_three(replication: int, least: str | None) -> None:
    planned = plan(SETTINGS.model_copy(update={"replication": replication}))
    assert {one.configs.get("min.insync.replicas") for one in planned} == {least}


async def test_only_topics_that_are_missing_are_created_and_as_they_are_planned(admin: StubAdmin) -> None:
    there, *missing = planned = plan(SETTINGS)
    admin.topics[there.name] = (there.partitions, there.replication, there.configs)
    findings = await create(SETTINGS)
    assert [(one.name, one.num_partitions, one.replication_factor, one.topic_configs) for one in admin.asked] == [
        (one.name, one.partitions, one.replication, one.configs) for one in missing
    ]
    assert findings == [Finding(one.name, "right" if one is there else "created") for one in planned]
    assert admin.closed


async def test_a_topic_that_somebody_else_creates_meanwhile_is_right(admin: StubAdmin) -> None:
    first = plan(SETTINGS)[0].name
    admin.errors[first] = TopicAlreadyExistsError
    assert [finding.state for finding in await create(SETTINGS)] == ["right", *["created"] * 11]


async def test_the_topic_and_the_reason_are_named_when_the_broker_refuses_it(admin: StubAdmin) -> None:
    refused = plan(SETTINGS)[2].name
    admin.errors[refused] = PolicyViolationError
    with pytest.raises(BrokerUnavailable, match=rf"refuses to create {refused}: PolicyViolationError why"):
        await create(SETTINGS)
    assert admin.closed


async def test_every_difference_is_reported(admin: StubAdmin) -> None:
    for one in plan(SETTINGS)[:2]:
        admin.topics[one.name] = (1, 1, {**one.configs, "retention.ms": "1000", "segment.bytes": "7"})
    different, alike, *missing = await check(SETTINGS)
    days = f"retention.ms 1000, not {7 * DAY_MS}"
    assert different == Finding(
        "registry.commands.v1", "different", ("partitions 1, not 6", "replication 1, not 3", days)
    )
    assert alike.differences == different.differences
    assert [finding.state for finding in missing] == ["missing"] * 10
    assert admin.asked == [], "a check changes nothing"


async def test_a_topic_that_is_hidden_is_not_called_missing(admin: StubAdmin) -> None:
    first, *others = plan(SETTINGS)
    admin.hidden.add(first.name)
    hidden, *missing = await check(SETTINGS)
    unseen = "not seen: the Kafka user lacks DESCRIBE on the topic"
    assert hidden == Finding(first.name, "unknown", (unseen,))
    assert missing == [Finding(one.name, "missing") for one in others]
    # It may be missing.
    assert first.name in {one.topic for one in await create(SETTINGS) if one.state == "created"}


async def test_a_topic_whose_settings_were_not_compared_is_not_called_right(admin: StubAdmin) -> None:
    for one, partitions in zip(plan(SETTINGS), (SETTINGS.partitions, 1), strict=False):
        admin.topics[one.name] = (partitions, one.replication, one.configs)
        admin.closed_settings.add(one.name)
    unseen = "settings not compared: the Kafka user lacks DESCRIBE_CONFIGS on the topic"
    first, second, *_ = await check(SETTINGS)
    assert (first.state, first.differences) == ("unknown", (unseen,))
    assert (second.state, second.differences) == ("different", ("partitions 1, not 6", unseen))


async def test_a_missing_permission_to_create_a_topic_is_named(admin: StubAdmin) -> None:
    refused = plan(SETTINGS)[2].name
    admin.errors[refused] = TopicAuthorizationFailedError
    reason = f"TopicAuthorizationFailedError: the Kafka user lacks CREATE on the topic {refused}"
    with pytest.raises(BrokerUnavailable, match=f"refuses to create {refused}: {reason}"):
        await create(SETTINGS)
