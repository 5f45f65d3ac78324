"""Peer (b): FastStream as in its tutorial: one message, one handler call, one transaction, then the event is published.

No inbox, no outbox, no outcome: a crash loses or duplicates commands and events, because FastStream's default policy
commits before the handler ends. fsync on, acks=all as FastStream and aiokafka set it by default for confirmed sends
(acks=1 would be only slightly faster, because the handler waits for the broker in both cases). One database session,
without the reset query of a pool. FastStream's log of every message is off.

`python -m tests.load.peers.tutorial`, with the settings of the service from the environment.
"""

import asyncio
from typing import Any

import asyncpg
import orjson
from faststream import FastStream
from faststream.kafka import KafkaBroker, KafkaMessage

from service.contract.topics import Topics
from service.core.ids import message_id
from service.settings import load
from tests.load.peers.business import carry_out

settings = load()
topics = Topics(settings.topic_prefix)
broker = KafkaBroker(settings.kafka_bootstrap_servers, acks="all", logger=None)
app = FastStream(broker, logger=None)
sessions: dict[str, Any] = {}


@broker.subscriber(topics.commands, group_id=settings.consumer_group, auto_offset_reset="earliest")
async def handle(body: dict[str, Any], message: KafkaMessage) -> None:
    """Execute one command and publish its event."""
    db = sessions["handler"]
    async with db.transaction():
        change = await carry_out(db, message.headers, body)
    if change.event:
        cause = topics.commands, message.headers["ce_source"], message.headers["ce_id"]
        type_, data = f"producer-registry.{change.event}.v1", orjson.dumps(change.data)
        headers = {
            "ce_specversion": "1.0",
            "ce_id": message_id(cause, type_, change.subject, change.version, data),
            "ce_source": "/producer-registry",
            "ce_type": type_,
            "ce_subject": change.subject,
        }
        topic = topics.events[change.aggregate]  # type: ignore[index] # one of four
        await broker.publish(data, topic, key=change.subject.encode(), headers=headers)


@app.on_startup
async def connect() -> None:
    """Open the session."""
    sessions["handler"] = await asyncpg.connect(settings.database_url, server_settings={"jit": "off"})


if __name__ == "__main__":
    asyncio.run(app.run())
