"""Read the state topics to their end, for the keys that have a state there."""

from collections.abc import AsyncIterator
from typing import Any

import orjson

from consumers.kafka.session import following
from service.contract.state import ASSOCIATIONS, KINDS
from service.contract.topics import Topics
from service.settings import Settings
from service.store.state_removal import StateKey

POLL_SECONDS = 1.0

TopicKey = tuple[str, bytes]
"""Topic and key."""


async def state_keys(settings: Settings) -> AsyncIterator[dict[TopicKey, StateKey | None]]:
    """Yield the keys of all records in parts, in order; None where a record is a tombstone. Raises BrokerUnavailable.

    Records that are not the registry's are left out.
    """
    async with following(
        settings, list(Topics(settings.topic_prefix).states.values()), from_beginning=True
    ) as follower:
        while True:
            records = await follower.poll(POLL_SECONDS)
            part: dict[TopicKey, StateKey | None] = {}
            for record in records:
                if record.key is None:
                    continue
                place = record.topic, record.key
                if record.value is None:
                    part[place] = None
                elif (key := _state_key(record)) is not None:
                    part[place] = key
            if part:
                yield part
            if await follower.at_end():
                return


def _state_key(record: Any) -> StateKey | None:
    headers = dict(record.headers)
    try:
        kind = KINDS[headers["ce_type"].decode()]
        key, subject, version = record.key.decode(), headers["ce_subject"].decode(), int(headers["ce_entityversion"])
        if kind.name not in ASSOCIATIONS:
            return StateKey(kind, key, subject, version)
        [association] = orjson.loads(record.value).values()
        return StateKey(kind, key, subject, version, association["producerCode"]["id"])
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
