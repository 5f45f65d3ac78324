"""Messages that the broker refuses: a refusal holds back only the messages it concerns.

A command names the topic of its outcome in `replyto`, so a reply topic that refuses records represents any topic.
"""

import asyncio

import pytest

from service.contract.topics import Topics
from tests.support.broker_admin import BrokerAdmin, Operation
from tests.support.refusals import ask_neighbours, held_and_released, topic_held_and_released
from tests.support.registry import Registry
from tests.support.replies import Replies

KEYLESS = 2501
HEALTHY = 100
MANY_SECONDS = 300.0
SHORT_BYTES = 3000
LONG_BYTES = 100_000
EVENT_BYTES = 1500
# Four bytes per character. An event has the name in the new state, and in the old state when the name changes.
LONG_NAME = "\N{MUSICAL SYMBOL G CLEF}" * 250
# The rejection names each of these fields, which makes the outcome longer than SHORT_BYTES.
UNKNOWN_FIELDS = {f"field-{number}": number for number in range(100)}


@pytest.fixture
async def other(topic_prefix: str, admin: BrokerAdmin) -> str:
    """A reply topic that accepts all records."""
    topic = f"{topic_prefix}-other"
    await admin.create(topic)
    return topic


@pytest.fixture
async def short_events(topic_prefix: str, admin: BrokerAdmin) -> str:
    """The topic of events of organizations, created beforehand with a limit for short records."""
    topic = Topics(topic_prefix).directory_events
    await admin.create(topic, partitions=4, max_message_bytes=str(EVENT_BYTES))
    return topic


async def test_only_a_record_without_a_key_is_held_when_its_topic_is_compacted(
    replies: Replies, admin: BrokerAdmin, refused: str, other: str
) -> None:
    await admin.create(refused, cleanup_policy="compact")
    await replies.follow(refused)

    async def wave(name: str) -> None:
        await replies.ask(f"{name}-keyless", to=refused, key=None, refused=True)
        for turn in range(3):
            await replies.ask(f"{name}-keyed-{turn}", to=refused)
        await replies.ask(f"{name}-keyless-elsewhere", to=other, key=None)
        await ask_neighbours(replies, name, other)

    await held_and_released(replies, refused, wave, lambda: admin.configure(refused, cleanup_policy="delete"))


async def test_other_outcomes_arrive_during_thousands_of_refusals(
    replies: Replies, admin: BrokerAdmin, refused: str
) -> None:
    await admin.create(refused, cleanup_policy="compact")
    await replies.follow(refused)

    await asyncio.gather(*(replies.ask(f"keyless-{n}", to=refused, key=None, refused=True) for n in range(KEYLESS)))
    for number in range(HEALTHY):
        await replies.ask(f"healthy-{number}", key=f"key-{number % 7}")
    await replies.neighbours(deadline=MANY_SECONDS)
    await replies.held(refused)

    replies.none_of_the_refused()
    await admin.configure(refused, cleanup_policy="delete")
    await replies.released(deadline=MANY_SECONDS)


@pytest.mark.parametrize("allowed", [Operation.READ, Operation.DESCRIBE_CONFIGS], ids=["write", "describe"])
async def test_only_a_topic_without_write_permission_is_held_until_it_is_granted(
    replies: Replies, admin: BrokerAdmin, refused: str, other: str, allowed: Operation
) -> None:
    await admin.create(refused)
    # The producer knows the topic before the permission is revoked.
    await replies.ask("before", to=refused)
    await replies.follow(refused)
    await replies.neighbours()
    await admin.allow_only(refused, allowed)

    await topic_held_and_released(replies, refused, other, lambda: admin.allow_everything(refused))


async def test_only_an_unknown_topic_without_describe_permission_is_held(
    replies: Replies, admin: BrokerAdmin, refused: str, other: str
) -> None:
    await admin.create(refused)
    await admin.allow_only(refused, Operation.DESCRIBE_CONFIGS)

    async def allow() -> None:
        await admin.allow_everything(refused)
        await replies.follow(refused)

    await topic_held_and_released(replies, refused, other, allow)


async def test_only_a_topic_that_does_not_exist_is_held_until_it_is_created(
    replies: Replies, admin: BrokerAdmin, refused: str, other: str
) -> None:
    async def create() -> None:
        await admin.create(refused)
        await replies.follow(refused)

    await topic_held_and_released(replies, refused, other, create)


async def test_only_the_key_of_an_outcome_that_is_too_large_is_held(
    replies: Replies, admin: BrokerAdmin, refused: str, other: str
) -> None:
    await admin.create(refused, max_message_bytes=str(SHORT_BYTES))
    await replies.follow(refused)

    async def wave(name: str) -> None:
        await replies.ask(f"{name}-long", to=refused, refused=True, data=UNKNOWN_FIELDS, rejected=True)
        # Later outcomes with the same key are short, but have to wait.
        for turn in range(3):
            await replies.ask(f"{name}-behind-{turn}", to=refused, refused=True)
        # Each of these is short; all of them together exceed the topic's limit for a batch.
        for turn in range(20):
            await replies.ask(f"{name}-short-{turn}", to=refused, key=f"short-{turn % 4}")
        await ask_neighbours(replies, name, other)

    await held_and_released(replies, refused, wave, lambda: admin.configure(refused, max_message_bytes=str(LONG_BYTES)))


@pytest.mark.usefixtures("short_events")
async def test_only_the_subject_of_an_event_that_is_too_large_is_held(
    registry: Registry, replies: Replies, admin: BrokerAdmin, other: str
) -> None:
    topic = registry.topics.directory_events
    names = ["short", LONG_NAME, "short again"]
    for version, name in enumerate(names, start=1):
        await registry.command("organization.put", "long:1", {"displayName": name}, id=f"long-{version}")
    # Every outcome arrives, also that of the held event, and the events of other subjects arrive, too.
    for version in range(1, len(names) + 1):
        await registry.outcome(f"long-{version}")
    await ask_neighbours(replies, "first", other)
    await replies.neighbours()
    await replies.held(topic)
    async with replies.ready_throughout():
        await ask_neighbours(replies, "second", other)
        await replies.neighbours()
    await replies.held(topic)
    assert await registry.versions("long:1", 1) == ["1"]
    await admin.configure(topic, max_message_bytes=str(LONG_BYTES))
    assert await registry.versions("long:1", len(names)) == ["1", "2", "3"]
    await replies.not_held(topic)
