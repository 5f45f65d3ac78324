"""FastStream's parser and decoder for batches of raw records: they look at nothing, so they cannot fail.

The own ones of FastStream decode every header and body before the handler runs, and lose the whole batch on the
first that is not text. Here a batch stays what the client fetched; `service.contract` judges each record by itself.
"""

from typing import Any, TypeAlias

from aiokafka import ConsumerRecord
from faststream.kafka.message import FAKE_CONSUMER, KafkaAckableMessage, KafkaMessage

Batch: TypeAlias = tuple[ConsumerRecord, ...]


async def parse_nothing(batch: Batch) -> KafkaMessage:
    """Wrap the records; nothing in FastStream may acknowledge them, so the message's consumer is a dummy."""
    return KafkaAckableMessage(
        raw_message=batch, body=b"", message_id="", correlation_id="batch", consumer=FAKE_CONSUMER
    )


async def decode_nothing(message: KafkaMessage) -> Any:
    """Hand the records to the handler as they are."""
    return message.raw_message
