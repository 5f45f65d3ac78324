"""Senders that publish records to the command topics and retry until each is acknowledged, without a time limit."""

import asyncio
from collections.abc import Sequence
from random import Random

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from tests.support.checker.evidence import Sent

CHUNK = 12
AGAIN_SECONDS = 0.1


class Driver:
    """One producer for all senders; acknowledged positions are written to the ledger entries."""

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
        """Send in order, in chunks spread over this many seconds (0 sends at once).

        A chunk that fails is sent again as a whole: its records may then be duplicates in the log.
        """
        at = 0
        while at < len(line):
            size = random.randint(1, 2 * CHUNK) if random else len(line)
            chunk = line[at : at + size]
            await self._send_until_acknowledged(chunk)
            at += len(chunk)
            self.acknowledged += len(chunk)
            if seconds and random:
                await asyncio.sleep(seconds * len(chunk) / len(line) * 2 * random.random())

    async def _send_until_acknowledged(self, chunk: Sequence[Sent]) -> None:
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
            # Records in flight are awaited below.
            pass
        answers = await asyncio.gather(*futures, return_exceptions=True)
        for sent, answer in zip(chunk, answers, strict=False):
            if not isinstance(answer, BaseException):
                sent.place = f"{answer.topic}:{answer.partition}:{answer.offset}"
        return len(answers) == len(chunk) and not any(isinstance(answer, BaseException) for answer in answers)
