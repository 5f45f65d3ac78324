"""Commands of the HTTP API whose publication fails: whether that is certain, and a new producer after an error."""

import asyncio
import gc
from typing import Any

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    NotEnoughReplicasAfterAppendError,
    TopicAuthorizationFailedError,
)
from structlog.testing import capture_logs

from consumers.kafka.command_publisher import REFUSAL_SECONDS, CommandPublisher
from service.contract.sending import CommandRecord
from service.http.publisher import Acknowledgement, MaybePublished, NotPublished
from service.settings import Settings
from service.telemetry import REGISTRY
from tests.support.wait import eventually

RECORD = CommandRecord("registry.commands.v1", b"pc:4", b"{}", [])
SETTINGS = Settings(kafka_idempotent_producer=False)


class Stub:
    """A producer; `error` is what `send` raises, and `answer` the result of the record, None for no answer."""

    def __init__(self) -> None:
        self.client = self._sender = self._message_accumulator = self
        self.stopped = asyncio.Event()
        self.error: BaseException | None = None
        self.answer: object | None = Acknowledgement(3, 7)
        self.sent: list[asyncio.Future[Any]] = []
        self.refusal_seconds = 0.0

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        self.stopped.set()

    async def send(self, topic: str, value: bytes, key: bytes, headers: object) -> "asyncio.Future[Any]":
        assert (topic, value, key, headers) == (RECORD.topic, RECORD.value, RECORD.key, RECORD.headers)
        if self.error is not None:
            raise self.error
        sent: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if isinstance(self.answer, BaseException):
            sent.set_exception(self.answer)
        elif self.answer is not None:
            sent.set_result(self.answer)
        self.sent.append(sent)
        return sent


class Broker:
    """Makes producers; each begins with `error` and `answer`."""

    def __init__(self) -> None:
        self.made: list[Stub] = []
        self.options: dict[str, Any] = {}

    def make(self, **options: Any) -> Any:
        self.options = options
        self.made.append(Stub())
        return self.made[-1]


def failures(result: str) -> float:
    """Return the counted failures with this result."""
    return REGISTRY.get_sample_value("producer_registry_http_publish_failures_total", {"result": result}) or 0.0


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def publisher(broker: Broker) -> CommandPublisher:
    return CommandPublisher(SETTINGS, broker.make)


async def test_all_replicas_have_a_published_command(broker: Broker, publisher: CommandPublisher) -> None:
    assert await publisher.publish(RECORD, 30) == Acknowledgement(3, 7)
    assert broker.options["acks"] == "all"
    assert broker.made[0].refusal_seconds == REFUSAL_SECONDS
    assert await publisher.publish(RECORD, 30) == Acknowledgement(3, 7)
    assert len(broker.made) == 1
    await publisher.close()
    assert broker.made[0].stopped.is_set()


@pytest.mark.parametrize("error", [KafkaConnectionError(), KafkaTimeoutError(), MessageSizeTooLargeError()])
async def test_a_command_that_the_client_did_not_take_is_not_published(
    broker: Broker, publisher: CommandPublisher, error: Exception
) -> None:
    await publisher.publish(RECORD, 30)
    broker.made[0].error = error
    with pytest.raises(NotPublished):
        await publisher.publish(RECORD, 30)
    assert len(broker.made) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (TopicAuthorizationFailedError(), NotPublished),
        (MessageSizeTooLargeError(), NotPublished),
        (NotEnoughReplicasAfterAppendError(), MaybePublished),
        (KafkaTimeoutError(), MaybePublished),
        (OSError("reset"), MaybePublished),
    ],
)
async def test_an_error_of_the_broker_says_what_is_known_and_replaces_the_producer(
    broker: Broker, publisher: CommandPublisher, answer: Exception, expected: type[Exception]
) -> None:
    await publisher.publish(RECORD, 30)
    broker.made[0].answer = answer
    result = {NotPublished: "not_published", MaybePublished: "maybe_published"}[expected]
    before = failures(result)
    with pytest.raises(expected):
        await publisher.publish(RECORD, 30)
    assert failures(result) == before + 1
    assert await publisher.publish(RECORD, 30) == Acknowledgement(3, 7)
    assert len(broker.made) == 2
    async with asyncio.timeout(30):
        await broker.made[0].stopped.wait()


async def test_a_command_without_an_answer_may_be_published_later(broker: Broker, publisher: CommandPublisher) -> None:
    await publisher.publish(RECORD, 30)
    broker.made[0].answer = None
    with pytest.raises(MaybePublished):
        await publisher.publish(RECORD, 0.01)
    assert not broker.made[0].sent[-1].cancelled()
    broker.made[0].answer = Acknowledgement(3, 8)
    assert await publisher.publish(RECORD, 30) == Acknowledgement(3, 8)
    assert not broker.made[0].stopped.is_set()
    assert len(broker.made) == 1


async def test_records_that_fail_with_one_producer_replace_it_once(broker: Broker, publisher: CommandPublisher) -> None:
    await publisher.publish(RECORD, 30)
    first = broker.made[0]
    first.answer = None
    requests = [asyncio.create_task(publisher.publish(RECORD, 30)) for _ in range(2)]
    await eventually(lambda: len(first.sent) == 3, what="the records")
    for request, sent in zip(requests, first.sent[1:], strict=True):
        sent.set_exception(KafkaTimeoutError())
        with pytest.raises(MaybePublished):
            await request
        assert await publisher.publish(RECORD, 30) == Acknowledgement(3, 7)
    assert len(broker.made) == 2
    assert not broker.made[1].stopped.is_set()


async def test_a_record_that_fails_after_its_request_has_ended_is_no_unhandled_error(
    broker: Broker, publisher: CommandPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    unhandled: list[object] = []
    monkeypatch.setattr(asyncio.get_running_loop(), "call_exception_handler", unhandled.append)
    await publisher.publish(RECORD, 30)
    producer = broker.made[0]
    producer.answer = None
    for error in (None, KafkaTimeoutError()):
        with pytest.raises(MaybePublished):
            await publisher.publish(RECORD, 0.01)
        sent = producer.sent.pop()
        if error is None:
            sent.cancel()
        else:
            sent.set_exception(error)
        await asyncio.sleep(0)
        del sent
        gc.collect()
    assert unhandled == []


@pytest.mark.parametrize("idempotent", [True, False])
async def test_the_producer_is_idempotent_as_configured(broker: Broker, idempotent: bool) -> None:
    publisher = CommandPublisher(Settings(kafka_idempotent_producer=idempotent, max_body_bytes=900_000), broker.make)
    await publisher.publish(RECORD, 30)
    assert broker.options["enable_idempotence"] is idempotent
    assert broker.options["max_request_size"] == 900_000 + 1_048_576, "the largest body and its envelope"
    await publisher.close()


async def test_failures_are_logged_when_they_begin_and_when_they_ended(
    broker: Broker, publisher: CommandPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    with capture_logs() as logs:
        assert await publisher.publish(RECORD, 5)
        for _ in range(3):
            broker.made[-1].error = KafkaTimeoutError()
            with pytest.raises(NotPublished):
                await publisher.publish(RECORD, 5)
        broker.made[-1].error = None
        await publisher.publish(RECORD, 5)
        monkeypatch.setattr(publisher._failing, "_quiet_seconds", 0.0)
        await publisher.publish(RECORD, 5)
    assert [(line["event"], line.get("result")) for line in logs] == [
        ("http_command_not_confirmed", "not_published"),
        ("http_commands_confirmed_again", None),
    ]
