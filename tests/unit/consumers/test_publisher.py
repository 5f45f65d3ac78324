"""The publisher with a stub of the client library's producer: order, outages and missing topics."""

import asyncio

import pytest
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError, OutOfOrderSequenceNumber

from consumers.relay import publisher as module
from consumers.relay.refusal import Refusal
from consumers.relay.refusals import REFUSAL_SECONDS
from consumers.relay.report import Report
from service.contract.message import Message
from tests.unit.consumers.kafka_stub import StubKafka, messages

TOO_LARGE = Refusal("record", MessageSizeTooLargeError.message)
UNKNOWN = Refusal("topic", "UNKNOWN_TOPIC_OR_PARTITION")


def sent(report: Report) -> set[int]:
    """Return the sent positions of a report without an outage."""
    assert report.error is None
    return report.sent


async def test_messages_arrive_in_order_when_they_need_several_batches() -> None:
    kafka = StubKafka(most=2)
    report = await kafka.publisher().send(messages("events", *"abcde"))
    assert sent(report) == set(range(5))
    assert report.accepted == {("events", 0)}
    assert kafka.log == {"events-0": [b"a", b"b", b"c", b"d", b"e"]}


async def test_later_messages_of_a_failed_partition_are_not_sent_and_other_partitions_are() -> None:
    kafka = StubKafka(lambda _, values: KafkaConnectionError("cut") if b"c" in values else None, most=2)
    chunk = [*messages("events", *"abcdef"), *messages("outcomes", "x", first=6)]
    report = await kafka.publisher().send(chunk)
    assert isinstance(report.error, KafkaConnectionError)
    assert (report.sent, report.refused) == ({0, 1, 6}, {})
    assert kafka.log == {"events-0": [b"a", b"b"], "outcomes-0": [b"x"]}


@pytest.mark.parametrize("error", [OutOfOrderSequenceNumber(), KafkaConnectionError("cut"), MessageSizeTooLargeError()])
async def test_a_new_producer_is_made_when_the_broker_refused_a_batch(error: Exception) -> None:
    kafka = StubKafka(lambda _, values: error if values == [b"poison"] else None)
    sender = kafka.publisher()
    assert (await sender.send(messages("events", "poison"))).sent == set()
    assert sent(await sender.send(messages("outcomes", "fine"))) == {0}
    assert [producer.stopped for producer in kafka.producers] == [True, False]


async def until_sent(kafka: StubKafka, chunk: list[Message], *, held: bool = False) -> dict[int, Refusal]:
    """Send messages repeatedly until all are sent or refused, as the relay does. Return the refusals."""
    sender, remaining, refused = kafka.publisher(held=held), list(chunk), {}
    for _ in range(50):
        report = await sender.send(remaining)
        refused.update(report.refused)
        remaining = [m for m in remaining if m.position not in report.sent and m.position not in refused]
        if not remaining:
            return refused
        assert report.again, "the rest can be sent at once"
    raise AssertionError(f"{len(remaining)} messages are never sent")


@pytest.mark.parametrize("most", [1, 2, 3])
async def test_a_topic_gets_shorter_batches_after_one_was_too_large(most: int) -> None:
    kafka = StubKafka(lambda _, values: MessageSizeTooLargeError() if len(values) > most else None)
    values = [f"{number}" for number in range(20)]
    assert await until_sent(kafka, messages("events", *values)) == {}
    assert kafka.log == {"events-0": [value.encode() for value in values]}
    requests = len(kafka.requests)
    sender = kafka.publisher()
    for _ in range(4):
        await sender.send(messages("events", *"abcd"))
    kafka.requests.clear()
    await sender.send(messages("events", *"abcd"))
    assert len(kafka.requests) <= 4, "the length limit is remembered"
    assert requests < 2 * len(values)


async def test_only_a_message_that_is_too_large_alone_is_refused() -> None:
    kafka = StubKafka(lambda _, values: MessageSizeTooLargeError() if b"huge" in values else None)
    chunk = [*messages("events", "a"), *messages("events", "huge", key=b"other", first=1)]
    chunk += messages("events", "b", first=2)
    assert await until_sent(kafka, chunk) == {1: TOO_LARGE}
    assert kafka.log == {"events-0": [b"a", b"b"]}


async def test_other_topics_get_their_messages_when_one_does_not_exist() -> None:
    kafka = StubKafka()
    sender = kafka.publisher()
    chunk = [*messages("replies", "lost"), *messages("events", "a", first=1)]
    report = await sender.send(chunk)
    assert (sent(report), report.refused) == ({1}, {}), "the topic may be about to be created"
    kafka.now += REFUSAL_SECONDS
    report = await sender.send(chunk)
    assert (sent(report), report.refused) == ({1}, {0: UNKNOWN})
    kafka.topics["replies"] = 1
    assert (await sender.send(chunk)).refused == {0: UNKNOWN}
    sender.try_all()
    assert sent(await sender.send(messages("replies", "lost"))) == {0}


async def test_a_topic_without_metadata_is_not_refused() -> None:
    kafka = StubKafka(without_metadata=True)
    sender = kafka.publisher()
    for _ in range(2):
        report = await sender.send(messages("events", "a"))
        assert "no metadata" in str(report.error)
        assert kafka.producers[-1].stopped
        assert (report.sent, report.refused) == (set(), {})
        kafka.now += REFUSAL_SECONDS
    kafka.without_metadata = False
    assert sent(await sender.send(messages("events", "a"))) == {0}


async def test_sending_fails_within_the_time_out_when_the_broker_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SEND_SECONDS", 0.05)
    kafka = StubKafka(silent=True)
    report = await kafka.publisher().send(messages("events", "a"))
    assert "no answer in time" in str(report.error)
    assert (report.sent, report.refused) == (set(), {})
    assert kafka.producers[0].stopped


async def test_sending_fails_without_a_broker_and_works_with_one() -> None:
    kafka = StubKafka(away=True)
    sender = kafka.publisher()
    report = await sender.send(messages("events", "a"))
    assert "no broker" in str(report.error)
    assert kafka.producers[0].stopped
    kafka.away = False
    assert sent(await sender.send(messages("events", "a"))) == {0}


async def test_a_producer_is_discarded_when_its_sender_fails_at_a_batch_in_flight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SEND_SECONDS", 0.05)
    kafka = StubKafka(silent=True, sender_fails=True)
    sender = kafka.publisher()
    assert "no answer in time" in str((await sender.send(messages("events", "a"))).error)
    kafka.silent = False
    assert sent(await sender.send(messages("events", "a"))) == {0}
    await sender.abort()


async def test_a_producer_that_does_not_close_does_not_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLOSE_SECONDS", 0.01)
    kafka = StubKafka(ends=False)
    sender = kafka.publisher()
    try:
        async with asyncio.timeout(5):
            assert sent(await sender.send(messages("events", "a"))) == {0}
            await sender.abort()
            assert sent(await sender.send(messages("events", "b"))) == {0}, "with a new one"
            await sender.close()
    finally:
        kafka.ends = True
