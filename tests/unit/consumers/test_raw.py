"""A batch in FastStream: the handler gets the unchanged records, whatever their bytes are."""

import asyncio

from aiokafka import ConsumerRecord
from faststream.kafka.message import FAKE_CONSUMER

from consumers.reading.raw import decode_nothing, parse_nothing


def record(value: bytes | None, headers: tuple[tuple[str, bytes | None], ...]) -> ConsumerRecord:
    return ConsumerRecord("t", 0, 0, 0, 0, None, value, None, 0, 0, headers)


def test_the_handler_gets_the_unchanged_records() -> None:
    batch = (
        record(None, ()),
        record(b"\xff not json", (("h", None), ("h", b"\xff\xfe"), ("reply_to", b"\x00"), ("content-type", b"\xfe"))),
    )

    async def decoded() -> object:
        return await decode_nothing(await parse_nothing(batch))

    assert asyncio.run(decoded()) is batch


def test_nothing_acknowledges_a_batch_behind_our_back() -> None:
    # FastStream acknowledges through the consumer of the message.
    async def acknowledged() -> object:
        message = await parse_nothing((record(b"", ()),))
        await message.ack()
        await message.nack()
        return message.consumer

    assert asyncio.run(acknowledged()) is FAKE_CONSUMER
