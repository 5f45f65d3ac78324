"""Senders: they put their records into the command topics until each is acknowledged, however long that takes."""

import asyncio
from collections.abc import Sequence
from random import Random

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from tests.support.checker.evidence import Sent

CHUNK = 12
AGAIN_SECONDS = 0.1


class Driver:
    """One producer for all senders; what was acknowledged stands in the ledger lines themselves."""

    def __init__(self, bootstrap: str, *, idempotent: bool) -> None:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            client_id="driver",
            acks="all",
            enable_idempotence=idempotent,
            request_timeout_ms=5000,
            retry_backoff_ms=50,
            max_request_size=16 * 1024 * 1024,
        )
        self.acknowledged = 0

    async def start(self) -> None:
        """Connect."""
        await self._producer.start()

    async def stop(self) -> None:
        """Disconnect."""
        await self._producer.stop()

    async def send(self, line: Sequence[Sent], *, random: Random | None = None, seconds: float = 0.0) -> None:
        """Send in order, in chunks spread over so many seconds; at once for 0.

        A chunk that fails is sent again whole: what is in the log twice then is a repeat like any other.
        """
        at = 0
        while at < len(line):
            size = random.randint(1, 2 * CHUNK) if random else len(line)
            chunk = line[at : at + size]
            await self._insist(chunk)
            at += len(chunk)
            self.acknowledged += len(chunk)
            if seconds and random:
                await asyncio.sleep(seconds * len(chunk) / len(line) * 2 * random.random())

    async def _insist(self, chunk: Sequence[Sent]) -> None:
        failures = 0
        while not await self._try(chunk):
            failures += 1
            await asyncio.sleep(min(1.0, AGAIN_SECONDS * failures))

    async def _try(self, chunk: Sequence[Sent]) -> bool:
        futures = []
        try:
            for sent in chunk:
                headers = list(sent.headers)
                futures.append(await self._producer.send(sent.topic, sent.value, key=sent.key, headers=headers))
        except KafkaError:
            # What is on its way already will say so below.
            pass
        answers = await asyncio.gather(*futures, return_exceptions=True)
        for sent, answer in zip(chunk, answers, strict=False):
            if not isinstance(answer, BaseException):
                sent.place = f"{answer.topic}:{answer.partition}:{answer.offset}"
        return len(answers) == len(chunk) and not any(isinstance(answer, BaseException) for answer in answers)
