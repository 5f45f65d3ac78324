"""The scope of a broker's refusal of messages: a topic, a partition, or single records.

Only an error code of the broker is a refusal. A missing answer, a lost connection or a wedged producer is an outage:
the same messages are sent again.
"""

import copy
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from aiokafka.errors import (
    BrokerResponseError,
    CorruptRecordException,
    InvalidTimestampError,
    InvalidTopicError,
    KafkaStorageError,
    MessageSizeTooLargeError,
    NotEnoughReplicasAfterAppendError,
    NotEnoughReplicasError,
    PolicyViolationError,
    RecordListTooLargeError,
    ReplicaNotAvailableError,
    TopicAuthorizationFailedError,
    UnknownError,
    UnknownTopicOrPartitionError,
    UnsupportedForMessageFormatError,
    kafka_errors,
)
from aiokafka.producer.message_accumulator import MessageBatch
from aiokafka.producer.sender import SendProduceReqHandler

from consumers.kafka.permission import lacks

Kind = Literal["topic", "partition", "record"]


class InvalidRecordError(BrokerResponseError):  # type: ignore[misc]  # the client library ships no types
    """The broker does not accept the record, for example one without a key in a compacted topic."""

    errno = 87
    message = "INVALID_RECORD"
    description = "The record has failed the validation on the broker and is rejected."


# The client library does not know this code, and would report an unknown server error.
kafka_errors.setdefault(InvalidRecordError.errno, InvalidRecordError)

TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)

_KINDS: tuple[tuple[Kind, tuple[type[Exception], ...]], ...] = (
    ("topic", (UnknownTopicOrPartitionError, TopicAuthorizationFailedError, InvalidTopicError)),
    (
        "record",
        (
            *TOO_LARGE,
            InvalidRecordError,
            InvalidTimestampError,
            PolicyViolationError,
            UnsupportedForMessageFormatError,
            CorruptRecordException,
        ),
    ),
    (
        "partition",
        (
            NotEnoughReplicasError,
            NotEnoughReplicasAfterAppendError,
            ReplicaNotAvailableError,
            KafkaStorageError,
            UnknownError,
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is refused, the reason, and the start (monotonic seconds; not set for a record).

    The reason begins with the name of the broker's error.
    """

    kind: Kind
    reason: str
    since: float = field(default=0.0, compare=False)


LEADERLESS = Refusal("partition", "LEADER_NOT_AVAILABLE")
"""A partition without a leader, as reported by a broker. Errors of the client library may be due to old metadata."""


def refusal_of(error: BaseException) -> Refusal | None:
    """Return the refusal that an error of the client library stands for; None for an outage."""
    for kind, errors in _KINDS:
        if isinstance(error, errors):
            reason = getattr(error, "message", None) or type(error).__name__
            # WRITE implies DESCRIBE, which a request for metadata needs.
            forbidden = isinstance(error, TopicAuthorizationFailedError)
            return Refusal(kind, f"{reason}: {lacks('WRITE', 'the topic')}" if forbidden else reason)
    return None


_can_retry = SendProduceReqHandler._can_retry


def _can_retry_for_a_while(handler: Any, error: BaseException, batch: Any) -> bool:
    seconds = getattr(handler._sender, "refusal_seconds", None)
    refusal = refusal_of(error)
    if refusal is None or refusal.kind == "partition":
        # The answer was lost, or the leader has appended the records and does not confirm them.
        batch.may_be_in_log = True
    if seconds is not None and refusal is not None:
        now = time.monotonic()
        batch.refused_since = getattr(batch, "refused_since", now)
        if now - batch.refused_since >= seconds:
            return False
    return bool(_can_retry(handler, error, batch))


SendProduceReqHandler._can_retry = _can_retry_for_a_while

_failure = MessageBatch.failure


def _failure_with_history(batch: Any, exception: BaseException) -> None:
    # Batches that fail together have the same exception.
    exception = copy.copy(exception)
    exception.may_be_in_log = getattr(batch, "may_be_in_log", False)  # type: ignore[attr-defined]
    _failure(batch, exception)


MessageBatch.failure = _failure_with_history


def may_be_in_log(error: BaseException) -> bool:
    """Return whether an earlier attempt to send the record, which failed with this error in the end, may have worked.

    The error of a record is that of its last attempt, whose refusal says nothing about the earlier ones.
    """
    return getattr(error, "may_be_in_log", False)


def give_up_after(producer: Any, seconds: float) -> None:
    """Let a producer report a refusal that lasts this many seconds. It has no option for that, and retries endlessly.

    The time that a batch spends in the accumulator counts only while its partition has no leader.
    """
    producer._sender.refusal_seconds = seconds
    producer._message_accumulator._batch_ttl = seconds
