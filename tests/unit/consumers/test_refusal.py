"""Changes of the client library: an unknown error code, and a limit for retries."""

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
from consumers.relay.refusal import InvalidRecordError, Refusal, give_up_after, refusal_of


def handler(seconds: float | None, *, idempotent: bool = True) -> SendProduceReqHandler:
    sender = SimpleNamespace(client=None, _txn_manager=object() if idempotent else None, _retry_backoff=0)
    if seconds is not None:
        sender.refusal_seconds = seconds
    stub = SendProduceReqHandler.__new__(SendProduceReqHandler)
    stub._sender = sender
    return stub


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
    assert refusal_of(for_code(87)()) == Refusal("record", "INVALID_RECORD")
    assert not InvalidRecordError.retriable


def test_a_refused_batch_is_retried_for_a_limited_time(clock: Clock) -> None:
    tried, some = handler(5.0), batch()
    for _ in range(5):
        assert tried._can_retry(NotEnoughReplicasError(), some)
        clock.now += 1.0
    assert not tried._can_retry(NotEnoughReplicasError(), some)
    assert tried._can_retry(NotEnoughReplicasError(), batch()), "the limit applies to each batch"


@pytest.mark.parametrize("error", [KafkaConnectionError(), RequestTimedOutError()], ids=["lost", "late"])
def test_a_batch_that_is_not_refused_is_retried_without_a_limit(clock: Clock, error: Exception) -> None:
    tried, some = handler(5.0), batch()
    for _ in range(100):
        assert tried._can_retry(error, some)
        clock.now += 1.0


def test_a_batch_with_a_final_error_is_not_retried() -> None:
    assert not handler(5.0)._can_retry(MessageSizeTooLargeError(), batch())


def test_a_producer_without_a_limit_is_unchanged(clock: Clock) -> None:
    tried, some = handler(None), batch()
    assert tried._can_retry(NotEnoughReplicasError(), some)
    clock.now += 1000.0
    assert tried._can_retry(NotEnoughReplicasError(), some)
    assert not handler(None, idempotent=False)._can_retry(NotEnoughReplicasError(), batch(expired=True))


async def test_the_limit_can_be_set_on_a_producer_of_the_library() -> None:
    producer = AIOKafkaProducer(bootstrap_servers="127.0.0.1:1", enable_idempotence=True)
    give_up_after(producer, 3.0)
    stub = SendProduceReqHandler(producer._sender, {})
    assert stub._sender.refusal_seconds == 3.0
    assert producer._message_accumulator._batch_ttl == 3.0
    await producer.stop()
