"""Reading records whose header names are not text.

The client library raises on such a name in the midst of a fetch, for ever, and takes with it what it had read of
other partitions. Kafka calls the name a string, but brokers do not look. Here the batch is then read once more, with
the bytes of the name written as `\\xff`: there is no way to send such a name on.
"""

from collections.abc import Iterator
from typing import Any, SupportsIndex

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy


class _Name(bytes):
    """Bytes that always become text."""

    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        """The text; what is not UTF-8 is written out."""
        return super().decode(encoding, errors)


class _Buffer(bytearray):
    """A buffer whose slices always become text."""

    def __getitem__(self, where: SupportsIndex | slice) -> Any:
        piece = super().__getitem__(where)
        return _Name(piece) if isinstance(piece, bytearray) else piece


class _PatientBatch(_DefaultRecordBatchPy):  # type: ignore[misc]  # the client library ships no types
    _buffer: Any

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Buffer(self._buffer)


class _Batch:
    """A record batch as the client library reads it, and patiently when that fails."""

    def __init__(self, batch: Any, raw: memoryview) -> None:
        self._batch = batch
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except UnicodeDecodeError:
            return iter(list(_PatientBatch(self._raw)))

    def __next__(self) -> Any:
        return next(self._batch)


class PatientRecords(_MemoryRecordsPy):  # type: ignore[misc]  # the client library ships no types
    """What a fetch brought for a partition, batch by batch."""

    def next_batch(self) -> Any:
        """The next batch, None behind the last."""
        raw = self._next_slice
        batch = super().next_batch()
        return batch if batch is None or raw is None else _Batch(batch, raw)


def read_any_header_name() -> None:
    """Let every consumer of this process read patiently; there is no option for it."""
    fetcher.MemoryRecords = PatientRecords
