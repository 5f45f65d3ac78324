"""Keep a copy of the registry in SQLite, read from its state topics.

    python subscriber.py localhost:9092 copy.sqlite [--prefix registry] [--until-end]

The program requires Python 3.11 and aiokafka. It may be killed at any time. A batch of records and the positions after
it are stored in one transaction, so a restart continues where the copy ends. The objects and associations are the rows
of the table `state` whose `data` is not null.
"""

import argparse
import asyncio
import json
import sqlite3

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

TABLES = """
CREATE TABLE IF NOT EXISTS state (
    topic TEXT, key TEXT, sequence TEXT NOT NULL, entityversion INTEGER NOT NULL, data TEXT, PRIMARY KEY (topic, key));
CREATE TABLE IF NOT EXISTS position (
    topic TEXT, partition INTEGER, next INTEGER NOT NULL, PRIMARY KEY (topic, partition));
"""
# A duplicate has the sequence of its original. After a restore of the registry's database, a correction has a higher
# sequence, and its entity version may be lower. So the sequence decides, and it is compared as text.
APPLY = """
INSERT INTO state VALUES (?, ?, ?, ?, ?) ON CONFLICT (topic, key) DO UPDATE
SET sequence = excluded.sequence, entityversion = excluded.entityversion, data = excluded.data
WHERE excluded.sequence > state.sequence
"""
MOVE = "INSERT INTO position VALUES (?, ?, ?) ON CONFLICT (topic, partition) DO UPDATE SET next = excluded.next"


def row(record: ConsumerRecord) -> tuple[str, str, str, int, str | None]:
    """Return the row of a record; a record without a value says that the object or association does not exist."""
    headers = {name: value.decode() for name, value in record.headers if name.startswith("ce_")}
    data = json.dumps(json.loads(record.value)) if record.value else None
    return record.topic, record.key.decode(), headers["ce_sequence"], int(headers["ce_entityversion"]), data


async def partitions(consumer: AIOKafkaConsumer, topics: list[str]) -> list[TopicPartition]:
    """Let the consumer read all partitions of the topics, and return them; it has no group, so they are all its own."""
    existing = await consumer.topics()
    if missing := set(topics) - existing:
        raise SystemExit(f"these topics do not exist or may not be read: {', '.join(sorted(missing))}")
    consumer.subscribe(topics)
    while {partition.topic for partition in consumer.assignment()} != set(topics):  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    return list(consumer.assignment())


async def follow(servers: str, copy: sqlite3.Connection, topics: list[str], until_end: bool) -> None:
    """Apply all records; return at the present end of the topics if `until_end`, otherwise continue."""
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        assigned = await partitions(consumer, topics)
        stored = {TopicPartition(t, p): n for t, p, n in copy.execute("SELECT topic, partition, next FROM position")}
        for partition in stored.keys() & set(assigned):
            consumer.seek(partition, stored[partition])
        ends = await consumer.end_offsets(assigned)
        while not until_end or any([await consumer.position(p) < ends[p] for p in assigned]):
            batches = await consumer.getmany(timeout_ms=500, max_records=2000)
            with copy:
                copy.executemany(APPLY, (row(record) for records in batches.values() for record in records))
                copy.executemany(MOVE, ((p.topic, p.partition, r[-1].offset + 1) for p, r in batches.items()))
    finally:
        await consumer.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Keep a copy of the registry in SQLite.")
    parser.add_argument("servers", help="Kafka brokers, such as localhost:9092")
    parser.add_argument("copy", help="file of the copy")
    parser.add_argument("--prefix", default="registry", help="prefix of the topics (default: registry)")
    parser.add_argument("--until-end", action="store_true", help="end when the copy is complete")
    options = parser.parse_args()
    database = sqlite3.connect(options.copy)
    database.executescript(TABLES)
    names = [f"{options.prefix}.{noun}.state.v1" for noun in ("group", "code", "user", "directory")]
    asyncio.run(follow(options.servers, database, names, options.until_end))
