"""What the client library is taught: an error code it does not know, and an end of tries that it would never end."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaConnectionError,
    MessageSizeTooLargeError,
    NotEnoughReplicasError,
    RequestTimedOutError,
    for_code,
)
from aiokafka.producer.sender import SendProduceReqHandler

from consumers.relay import refusal as module
from consumers.relay.refusal import InvalidRecordError, Refusal, give_up_after, refusal


def handler(seconds: float | None, *, idempotent: bool = True) -> SendProduceReqHandler:
    sender = SimpleNamespace(client=None, _txn_manager=object() if idempotent else None, _retry_backoff=0)
    if seconds is not None:
        sender.refusal_seconds = seconds
    found = SendProduceReqHandler.__new__(SendProduceReqHandler)
    found._sender = sender
    return found


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def batch(*, expired: bool = False) -> Any:
    return SimpleNamespace(expired=lambda: expired)


def test_the_code_of_an_invalid_record_is_known_to_the_client_library() -> None:
    assert for_code(87) is InvalidRecordError
    assert refusal(for_code(87)()) == Refusal("record", "INVALID_RECORD")
    assert not InvalidRecordError.retriable


def test_a_refused_batch_is_tried_again_for_a_while_only(clock: Clock) -> None:
    tried, some = handler(5.0), batch()
    for _ in range(5):
        assert tried._can_retry(NotEnoughReplicasError(), some)
        clock.now += 1.0
    assert not tried._can_retry(NotEnoughReplicasError(), some)
    assert tried._can_retry(NotEnoughReplicasError(), batch()), "the time counts for each batch"


@pytest.mark.parametrize("error", [KafkaConnectionError(), RequestTimedOutError()], ids=["lost", "late"])
def test_a_batch_is_tried_again_without_end_when_it_is_not_refused(clock: Clock, error: Exception) -> None:
    tried, some = handler(5.0), batch()
    for _ in range(100):
        assert tried._can_retry(error, some)
        clock.now += 1.0


def test_a_batch_is_not_tried_again_when_the_error_is_final() -> None:
    assert not handler(5.0)._can_retry(MessageSizeTooLargeError(), batch())


def test_the_library_decides_alone_when_a_producer_has_no_limit(clock: Clock) -> None:
    tried, some = handler(None), batch()
    assert tried._can_retry(NotEnoughReplicasError(), some)
    clock.now += 1000.0
    assert tried._can_retry(NotEnoughReplicasError(), some)
    assert not handler(None, idempotent=False)._can_retry(NotEnoughReplicasError(), batch(expired=True))


async def test_a_producer_of_the_library_takes_the_limit() -> None:
    producer = AIOKafkaProducer(bootstrap_servers="127.0.0.1:1", enable_idempotence=True)
    give_up_after(producer, 3.0)
    found = SendProduceReqHandler(producer._sender, {})
    assert found._sender.refusal_seconds == 3.0
    assert producer._message_accumulator._batch_ttl == 3.0
    await producer.stop()
