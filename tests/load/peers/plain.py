"""Peer (a): a plain FastStream service with the same guarantees: one message, one handler call, one transaction.

Inbox with a row per command, an outbox with a row per message, an event and an outcome for each command, fsync on,
acks=all and the idempotent producer (off on the embedded broker, which does not support it), message committed to Kafka
after the transaction (NACK_ON_ERROR, so that failed messages are redelivered). One database session for the handler (no
pool, so no reset query) and one for the relay. The handler wakes the relay, which reads up to 500 rows, sends them
together and deletes them together. FastStream's log of every message is off.

`python -m tests.load.peers.plain`, with the settings of the service from the environment.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaMessage

from service.contract.topics import Topics
from service.core.ids import message_id
from service.settings import load
from tests.load.peers.business import Change, carry_out

settings = load()
topics = Topics(settings.topic_prefix)
broker = KafkaBroker(
    settings.kafka_bootstrap_servers,
    acks="all",
    enable_idempotence=settings.kafka_idempotent_producer,
    linger_ms=5,
    logger=None,
)
app = FastStream(broker, logger=None)
work = asyncio.Event()
sessions: dict[str, Any] = {}
RELAYED = 500
TABLES = """
    CREATE TABLE IF NOT EXISTS decided_commands (
        source text NOT NULL, command_id text NOT NULL, topic text NOT NULL, status text NOT NULL,
        subject text NOT NULL, outcome bytea NOT NULL, decided_at timestamptz NOT NULL,
        PRIMARY KEY (source, command_id, topic)
    );
    CREATE TABLE IF NOT EXISTS messages (
        position bigint PRIMARY KEY, id text NOT NULL, aggregatetype text NOT NULL, aggregateid text NOT NULL,
        type text NOT NULL, payload bytea, shard smallint NOT NULL, topic text NOT NULL, key bytea,
        headers bytea NOT NULL
    ) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 20000)
"""


@broker.subscriber(
    topics.commands,
    group_id=settings.consumer_group,
    auto_offset_reset="earliest",
    ack_policy=AckPolicy.NACK_ON_ERROR,
)
async def handle(body: dict[str, Any], message: KafkaMessage) -> None:
    """Decide one command, or repeat its first outcome."""
    db = sessions["handler"]
    headers = message.headers
    source, command = headers["ce_source"], headers["ce_id"]
    async with db.transaction():
        known = await db.fetchrow(
            "SELECT status, outcome FROM decided_commands WHERE source = $1 AND command_id = $2 AND topic = $3",
            source, command, topics.commands,
        )  # fmt: skip
        if known is not None:
            await _say(db, message, known["status"], orjson.loads(known["outcome"])["version"], known["outcome"])
        else:
            change = await carry_out(db, headers, body)
            await _answer(db, message, change)
    work.set()


async def _answer(db: Any, message: KafkaMessage, change: Change) -> None:
    headers = message.headers
    source, command = headers["ce_source"], headers["ce_id"]
    data = orjson.dumps(change.data)
    event = _id(message, change.event, change.subject, change.version, data) if change.event else None
    outcome = orjson.dumps(
        {
            "command": {"source": source, "id": command, "type": headers["ce_type"]},
            "subject": change.subject,
            "version": change.version,
            "events": [event] if event else [],
        }
    )
    await db.execute(
        "INSERT INTO decided_commands (source, command_id, topic, status, subject, outcome, decided_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, now())",
        source, command, topics.commands, change.status, change.subject, outcome,
    )  # fmt: skip
    if event:
        await _put(db, event, change.aggregate, change.subject, change.event, data, message)
    await _say(db, message, change.status, change.version, outcome)


async def _say(db: Any, message: KafkaMessage, status: str, version: int | None, outcome: bytes) -> None:
    name, command = f"command.{status}", message.headers["ce_id"]
    await _put(db, _id(message, name, command, version, outcome), "outcome", command, name, outcome, message)


def _id(message: KafkaMessage, name: str, subject: str, version: int | None, data: bytes) -> str:
    cause = topics.commands, message.headers["ce_source"], message.headers["ce_id"]
    return message_id(cause, f"producer-registry.{name}.v1", subject, version, data)


async def _put(  # noqa: PLR0917 - the columns of a row
    db: Any, identity: str, aggregate: str, subject: str, name: str, data: bytes, message: KafkaMessage
) -> None:
    topic = topics.outcomes if aggregate == "outcome" else topics.events[aggregate]  # type: ignore[index] # one of four
    key = message.raw_message.key if aggregate == "outcome" else subject.encode()  # type: ignore[union-attr] # no batch
    headers = {
        "ce_specversion": "1.0",
        "ce_id": identity,
        "ce_source": "/producer-registry",
        "ce_type": f"producer-registry.{name}.v1",
        "ce_subject": subject,
        "ce_time": datetime.now(UTC).isoformat(),
        "ce_causationid": message.headers["ce_id"],
        "ce_correlationid": message.headers.get("ce_correlationid", ""),
        "content-type": "application/json",
    }
    await db.execute(
        "INSERT INTO messages (position, id, aggregatetype, aggregateid, type, payload, shard, topic, key, headers) "
        "VALUES (nextval('outbox_block'), $1, $2, $3, $4, $5, 0, $6, $7, $8)",
        identity, aggregate, subject, name, data, topic, key, orjson.dumps(headers),
    )  # fmt: skip


async def relay() -> None:
    """Send the messages of the outbox in order, and delete them after the acknowledgement."""
    db = sessions["relay"]
    while True:
        rows = await db.fetch("SELECT * FROM messages ORDER BY position LIMIT $1", RELAYED)
        if not rows:
            work.clear()
            try:
                await asyncio.wait_for(work.wait(), 0.5)
            except TimeoutError:
                continue
        sent = [
            await broker.publish(
                row["payload"], row["topic"], key=row["key"], headers=orjson.loads(row["headers"]), no_confirm=True
            )
            for row in rows
        ]
        await asyncio.gather(*sent)
        await db.execute("DELETE FROM messages WHERE position = ANY($1::bigint[])", [row["position"] for row in rows])


@app.on_startup
async def connect() -> None:
    """Open the two sessions."""
    for name in ("handler", "relay"):
        sessions[name] = await asyncpg.connect(settings.database_url, server_settings={"jit": "off"})
    await sessions["handler"].execute(TABLES)


@app.after_startup
async def start_relay() -> None:
    """Start the relay concurrently with the handler; the service ends when it fails."""
    sessions["task"] = asyncio.create_task(relay())
    sessions["task"].add_done_callback(lambda _: app.exit())


if __name__ == "__main__":
    asyncio.run(app.run())
