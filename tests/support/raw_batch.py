"""Record batches with invalid header names, as a faulty client writes them."""

from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

Name = str | bytes
Value = tuple[bytes, Sequence[tuple[Name, bytes | None]]]
"""The value and the headers of a record; header names may be any bytes."""


class _Bytes(str):
    """A header name that is encoded as these bytes."""

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
    """Return a batch of records."""
    batch = _DefaultRecordBatchBuilderPy(2, compression, False, -1, -1, 0, 1 << 20)
    for offset, (value, headers) in enumerate(records):
        batch.append(offset, None, b"key", value, [(_named(name), content) for name, content in headers])
    return batch


async def send(producer: AIOKafkaProducer, topic: str, records: Sequence[Value]) -> None:
    """Send a batch of these records to the first partition of the topic."""
    batch = producer.create_batch()
    batch._builder = builder(records)
    batch._relative_offset = len(records)
    batch.close()
    await (await producer.send_batch(batch, topic, partition=0))
