"""Trace batches: the commands that are decided carry the context of their own spans."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from aiokafka import ConsumerRecord, TopicPartition

from consumers.reading.batch import Apply
from consumers.reading.subscriber import Handle
from service.contract.envelope import Parsed
from service.store.command_store import Applied

if TYPE_CHECKING:
    from service.tracing import Tracing


def traced_handle(handle: Handle, tracing: "Tracing | None") -> Handle:
    """Return `handle`, which notes that the next poll begins if the process traces."""
    if tracing is None:
        return handle
    tracing.polling()

    async def traced(records: tuple[ConsumerRecord, ...]) -> None:
        try:
            await handle(records)
        finally:
            tracing.polling()

    return traced


def traced_apply(apply: Apply, tracing: "Tracing | None", group: str) -> Apply:
    """Return `apply`, with spans if the process traces."""
    if tracing is None:
        return apply

    async def traced(batch: Sequence[Parsed], after: Mapping[TopicPartition, int]) -> Applied:
        with tracing.batch(batch, group) as carrying:
            return await apply(carrying, after)

    return traced
