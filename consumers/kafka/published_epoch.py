"""The highest epoch that was published: the topics know it also when the database was set back."""

from consumers.kafka.session import existing, following
from service.contract.topics import Topics
from service.settings import Settings
from service.store.position import BLOCK, EPOCH

POLL_SECONDS = 1.0
SEQUENCE = "ce_sequence"


async def published_epoch(settings: Settings) -> int:
    """Return the highest epoch in the last events, outcomes and states, 0 without any. Raises BrokerUnavailable."""
    topics = Topics(settings.topic_prefix)
    highest = 0
    states = await existing(settings, topics.states.values())
    async with following(settings, [*topics.events.values(), topics.outcomes, *states]) as follower:
        await follower.step_back()
        while True:
            records = await follower.poll(POLL_SECONDS)
            for record in records:
                sequence = dict(record.headers).get(SEQUENCE, b"")
                if sequence.isdigit():
                    highest = max(highest, int(sequence) // (BLOCK * EPOCH))
            if await follower.at_end():
                return highest
