"""Record batches as only a careless client writes them."""

from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

Name = str | bytes
Value = tuple[bytes, Sequence[tuple[Name, bytes | None]]]
"""The value of a record and its headers, whose names may be any bytes."""


class _Bytes(str):
    """A header name that is these bytes on the wire."""

    raw: bytes

    def encode(self, *_: object) -> bytes:
        return self.raw


def _named(name: Name) -> str:
    if isinstance(name, str):
        return name
    text = _Bytes(repr(name))
    text.raw = name
    return text


def builder(records: Sequence[Value], compression: int = 0) -> _DefaultRecordBatchBuilderPy:
    """A batch of records."""
    batch = _DefaultRecordBatchBuilderPy(2, compression, False, -1, -1, 0, 1 << 20)
    for offset, (value, headers) in enumerate(records):
        batch.append(offset, None, b"key", value, [(_named(name), content) for name, content in headers])
    return batch


async def send(producer: AIOKafkaProducer, topic: str, records: Sequence[Value]) -> None:
    """Send such a batch to the topic's first partition."""
    batch = producer.create_batch()
    batch._builder = builder(records)
    batch._relative_offset = len(records)
    batch.close()
    await (await producer.send_batch(batch, topic, partition=0))
