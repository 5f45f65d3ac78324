"""Send commands to the registry, and wait for their outcomes.

    python sender.py localhost:9092 < commands.jsonl

The program requires Python 3.11 and aiokafka. A line is a command: `{"id", "type", "subject", "key", "data"}`, where
`key` is the id of the organization, and the type is a name such as `producer-code.create`. The program prints one line
for each command. Its exit status is 0 if no command was rejected. When it fails or is killed, run it again with the
same input: a command whose id is known is not decided again, and its outcome is sent again.
"""

import argparse
import asyncio
import json
import sys
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

SOURCE = "https://crm.example.com"
OPERATOR = ("organization.", "branch.", "role.", "product.", "group.grant-product", "group.revoke-product")


def headers(command: dict[str, Any]) -> list[tuple[str, bytes]]:
    """Return the attributes of the command as headers of the binary content mode."""
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": command["id"],
        "ce_source": SOURCE,
        "ce_type": f"producer-registry.{command['type']}.v1",
        "content-type": "application/json",
    }
    if "subject" in command:
        attributes["ce_subject"] = command["subject"]
    return [(name, value.encode()) for name, value in attributes.items()]


async def send(servers: str, prefix: str, commands: list[dict[str, Any]]) -> int:
    """Send the commands in order, print their outcomes, and return the number of rejections."""
    outcomes = AIOKafkaConsumer(f"{prefix}.command.outcomes.v1", bootstrap_servers=servers, auto_offset_reset="latest")
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all")
    await outcomes.start()
    try:
        await outcomes.seek_to_end()
        await asyncio.gather(*[outcomes.position(partition) for partition in outcomes.assignment()])
        await producer.start()
        try:
            for command in commands:
                topic = "operator.commands" if command["type"].startswith(OPERATOR) else "commands"
                key, value = command["key"].encode(), json.dumps(command["data"]).encode()
                await producer.send_and_wait(f"{prefix}.{topic}.v1", value, key, headers=headers(command))
        finally:
            await producer.stop()
        waiting = {command["id"] for command in commands}
        try:
            async with asyncio.timeout(60):
                return await report(outcomes, waiting)
        except TimeoutError:
            sys.exit(f"no outcome within a minute: {', '.join(sorted(waiting))}")
    finally:
        await outcomes.stop()


async def report(outcomes: AIOKafkaConsumer, waiting: set[str]) -> int:
    """Print the outcomes of the commands with these ids, and return the number of rejections."""
    rejected = 0
    while waiting:
        record = await outcomes.getone()
        outcome = json.loads(record.value)
        command = outcome["command"]
        if command["source"] == SOURCE and command["id"] in waiting:
            waiting.remove(command["id"])
            status = next(value.decode() for name, value in record.headers if name == "ce_type").split(".")[2]
            rejected += status == "rejected"
            print(command["id"], status, json.dumps(outcome.get("problem", {}).get("errors", "")))
    return rejected


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Send commands to the registry.")
    parser.add_argument("servers", help="Kafka brokers, such as localhost:9092")
    parser.add_argument("--prefix", default="registry", help="prefix of the topics (default: registry)")
    options = parser.parse_args()
    lines = [json.loads(line) for line in sys.stdin if line.strip()]
    sys.exit(min(1, asyncio.run(send(options.servers, options.prefix, lines))))
