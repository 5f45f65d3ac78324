"""An open-loop sender of encoded commands, as a separate process.

`python -m tests.load.generator RATE FILE…` sends the steps of the files in turn, each when it is due at this rate of
commands per second; late steps are sent at once. The settings are those of the service. Prints JSON at the end.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import orjson
import uvloop
from aiokafka import AIOKafkaProducer

from consumers.kafka.client import connection
from service.contract.topics import Topics
from service.settings import Settings, load
from tests.load.encoded import MOST_BATCH_BYTES, Step, read


async def send(settings: Settings, steps: Iterable[Step], rate: float) -> dict[str, float]:
    """Send the steps. Return the number of commands, and how long it took."""
    topic = Topics(settings.topic_prefix).commands
    producer = AIOKafkaProducer(**connection(settings), acks=1, max_request_size=MOST_BATCH_BYTES)
    await producer.start()
    begin, count = time.monotonic(), 0
    try:
        for step in steps:
            await asyncio.sleep(max(0.0, begin + count / rate - time.monotonic()))
            await asyncio.gather(*[await producer.send_batch(batch, topic, partition=number) for number, batch in step])
            count += sum(batch.record_count() for _, batch in step)
    finally:
        await producer.stop()
    return {"commands": count, "seconds": time.monotonic() - begin}


def in_turn(files: Iterable[Path]) -> Iterable[Step]:
    """Yield one step of each file, then the next one of each."""
    for steps in itertools.zip_longest(*map(read, files)):
        yield from filter(None, steps)


def main() -> None:
    """Parse the arguments, send, and print the result."""
    rate, *files = sys.argv[1:]
    sent = uvloop.run(send(load(), in_turn(map(Path, files)), float(rate)))
    sys.stdout.write(orjson.dumps(sent).decode())


if __name__ == "__main__":
    main()
