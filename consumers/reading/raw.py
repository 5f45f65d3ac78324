"""A parser and a decoder for FastStream that pass batches of raw records through, so they cannot fail.

FastStream's own ones decode every header and body before the handler runs, and lose the whole batch at the first one
that is not text. Here a batch stays as the client fetched it; `service.contract` parses each record separately.
"""

from typing import Any, TypeAlias

from aiokafka import ConsumerRecord
from faststream.kafka.message import FAKE_CONSUMER, KafkaAckableMessage, KafkaMessage

Batch: TypeAlias = tuple[ConsumerRecord, ...]


async def parse_nothing(batch: Batch) -> KafkaMessage:
    """Wrap the records. FastStream must not acknowledge them, so the consumer of the message is a dummy."""
    return KafkaAckableMessage(
        raw_message=batch, body=b"", message_id="", correlation_id="batch", consumer=FAKE_CONSUMER
    )


async def decode_nothing(message: KafkaMessage) -> Any:
    """Pass the unchanged records to the handler."""
    return message.raw_message
