"""Refusals of a publisher: its reports, the messages it skips, and the times of its retries."""

import math
from collections.abc import Sequence

import pytest
from aiokafka import errors
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from consumers.relay.refusal import InvalidRecordError, Kind, Refusal, refusal_of
from consumers.relay.refusals import REFUSAL_SECONDS
from tests.unit.consumers.kafka_stub import StubKafka, messages

INVALID = Refusal("record", "INVALID_RECORD")

CODES: list[tuple[type[KafkaError], Kind | None]] = [
    (errors.UnknownTopicOrPartitionError, "topic"),
    (errors.TopicAuthorizationFailedError, "topic"),
    (errors.InvalidTopicError, "topic"),
    (errors.NotEnoughReplicasError, "partition"),
    (errors.NotEnoughReplicasAfterAppendError, "partition"),
    (errors.ReplicaNotAvailableError, "partition"),
    (errors.KafkaStorageError, "partition"),
    (errors.InvalidTimestampError, "record"),
    (errors.UnsupportedForMessageFormatError, "record"),
    (errors.CorruptRecordException, "record"),
    (errors.MessageSizeTooLargeError, "record"),
    (errors.RecordListTooLargeError, "record"),
    (errors.PolicyViolationError, "record"),
    (InvalidRecordError, "record"),
    (errors.LeaderNotAvailableError, None),
    (errors.NotLeaderForPartitionError, None),
    (errors.RequestTimedOutError, None),
    (errors.OutOfOrderSequenceNumber, None),
    (errors.InvalidProducerEpoch, None),
    (errors.ClusterAuthorizationFailedError, None),
    (errors.KafkaConnectionError, None),
    (errors.NodeNotReadyError, None),
    (errors.ProducerClosed, None),
]


@pytest.mark.parametrize(("error", "kind"), CODES, ids=[error.__name__ for error, _ in CODES])
async def test_an_error_is_a_refusal_of_the_right_kind_or_an_outage(error: type[KafkaError], kind: Kind | None) -> None:
    kafka = StubKafka(lambda topic, _: error() if topic == "events" else None, most=1)
    chunk = [*messages("events", "a", "b"), *messages("outcomes", "x", first=2)]
    report = await kafka.publisher().send(chunk)
    assert report.sent == {2}
    assert refusal_of(error()) == (None if kind is None else next(iter(report.refused.values())))
    if kind is None:
        assert isinstance(report.error, error)
        assert report.refused == {}
    else:
        assert report.error is None
        assert {found.kind for found in report.refused.values()} == {kind}
        assert set(report.refused) == ({0} if kind == "record" else {0, 1})
        assert report.again == (kind == "record")
    assert kafka.producers[0].stopped, "the producer cannot be used any more"


async def test_an_error_that_the_client_library_does_not_know_is_a_refusal_only_when_it_lasts() -> None:
    kafka = StubKafka(lambda topic, _: errors.UnknownError() if topic == "events" else None)
    sender = kafka.publisher()
    chunk = [*messages("events", "a"), *messages("outcomes", "x", first=1)]
    report = await sender.send(chunk)
    assert (report.sent, report.refused, report.error) == ({1}, {}, None)
    kafka.now += REFUSAL_SECONDS
    report = await sender.send(chunk)
    assert {position: found.kind for position, found in report.refused.items()} == {0: "partition"}


@pytest.mark.parametrize(
    ("error", "alone"),
    [(errors.TopicAuthorizationFailedError(), "topic"), (errors.NotEnoughReplicasError(), "partition")],
    ids=["topic", "partition"],
)
async def test_refused_partitions_are_skipped_until_another_publisher_can_send_to_them(
    error: Exception, alone: str
) -> None:
    bad = {b"0"}
    kafka = StubKafka(lambda _, values: error if bad.intersection(values) else None, topics={"events": 3})
    chunk = [one for n in range(12) for one in messages("events", f"{n}", key=b"%d" % n, first=n)]
    sender = kafka.publisher()
    first = await sender.send(chunk)
    bad.clear()
    kafka.requests.clear()
    again = await sender.send([m for m in chunk if m.position not in first.sent])
    assert again.refused == first.refused | again.refused
    assert kafka.requests == []
    others = await sender.send(chunk)
    assert set(others.refused) == (set(range(12)) if alone == "topic" else set(first.refused))
    sender.lift_refusals({("events", partition) for partition in range(3)})
    assert (await sender.send(chunk)).sent == set(range(12))


async def test_only_accepted_partitions_are_tried_again() -> None:
    kafka = StubKafka(lambda *_: errors.NotEnoughReplicasError(), topics={"events": 2})
    chunk = [one for n in range(8) for one in messages("events", f"{n}", key=b"%d" % n, first=n)]
    sender = kafka.publisher()
    await sender.send(chunk)
    kafka.trouble = lambda *_: None
    sender.lift_refusals({("events", 0)})
    report = await sender.send(chunk)
    assert report.accepted == {("events", 0)}
    assert len(report.sent) + len(report.refused) == 8
    assert report.sent
    assert report.refused


@pytest.mark.parametrize("case", ["unknown", "forbidden", "no leader"])
async def test_metadata_errors_become_a_refusal_only_when_they_last(case: str) -> None:
    kafka = StubKafka()
    sender = kafka.publisher()
    chunk = [*messages("events", "a"), *messages("outcomes", "x", first=1)]

    def go_wrong(*, wrong: bool) -> None:
        kafka.topics = {"outcomes": 1} if wrong and case == "unknown" else {"events": 1, "outcomes": 1}
        kafka.forbidden = {"events"} if wrong and case == "forbidden" else set()
        kafka.leaderless = {("events", 0)} if wrong and case == "no leader" else set()

    for _ in range(2):
        go_wrong(wrong=True)
        for _ in range(2):
            report = await sender.send(chunk)
            assert (report.sent, report.refused, report.error, report.again) == ({1}, {}, None, False)
            kafka.now += REFUSAL_SECONDS - 1 if kafka.now == int(kafka.now) else 0
            kafka.now += 0.25
        go_wrong(wrong=False)
        assert (await sender.send(chunk)).sent == {0, 1}
        kafka.now = 1000.0 + 100 * REFUSAL_SECONDS
    go_wrong(wrong=True)
    await sender.send(chunk)
    kafka.now += REFUSAL_SECONDS
    report = await sender.send(chunk)
    kind = "partition" if case == "no leader" else "topic"
    assert (report.sent, {at: found.kind for at, found in report.refused.items()}) == ({1}, {0: kind})
    assert not kafka.producers[0].stopped, "its sequence numbers are still valid"


async def test_the_metadata_is_refreshed_when_a_partition_has_no_leader() -> None:
    kafka = StubKafka(leaderless={("events", 0)})
    await kafka.publisher().send(messages("events", "a"))
    assert kafka.producers[0].client.looks == 1


@pytest.mark.parametrize("held", [False, True])
async def test_it_is_an_outage_when_no_broker_confirms_that_a_partition_has_no_leader(held: bool) -> None:
    # A broker that shuts down reports its partitions as leaderless; after that, no broker answers.
    kafka = StubKafka(leaderless={("events", 0)}, unanswered=True)
    sender = kafka.publisher(held=held)
    for _ in range(2):
        report = await sender.send(messages("events", "a"))
        assert (report.sent, report.refused) == (set(), {})
        assert "no broker answered" in str(report.error)
        kafka.now += 2 * REFUSAL_SECONDS


@pytest.mark.parametrize("case", ["unknown", "forbidden", "no leader"])
async def test_metadata_errors_are_a_refusal_at_once_for_held_messages(case: str) -> None:
    kafka = StubKafka(leaderless={("events", 0)} if case == "no leader" else set())
    kafka.forbidden = {"events"} if case == "forbidden" else set()
    if case == "unknown":
        del kafka.topics["events"]
    report = await kafka.publisher(held=True).send(messages("events", "a"))
    assert [found.kind for found in report.refused.values()] == ["partition" if case == "no leader" else "topic"]


def refused_values(*bad: bytes) -> StubKafka:
    def trouble(_: str, values: Sequence[bytes]) -> Exception | None:
        return InvalidRecordError() if set(bad) & set(values) else None

    return StubKafka(trouble, most=1000)


@pytest.mark.parametrize("at", [0, 1, 500, 999])
async def test_the_refused_record_of_held_messages_is_found_by_halving(at: int) -> None:
    kafka = refused_values(b"%d" % at)
    chunk = [one for n in range(1000) for one in messages("events", f"{n}", key=b"%d" % n, first=n)]
    report = await kafka.publisher(held=True).send(chunk)
    assert report.refused == {at: INVALID}
    assert report.sent == set(range(1000)) - {at}
    assert kafka.log["events-0"] == [b"%d" % n for n in range(1000) if n != at]
    assert len(kafka.requests) <= 3 * math.log2(1000)
    assert len(kafka.producers) == 1
    assert not kafka.producers[0].stopped


async def test_only_later_messages_of_a_refused_key_are_skipped_when_they_are_held() -> None:
    kafka = refused_values(b"bad")
    chunk = [
        *messages("events", "a", "bad", "c", key=b"1"),
        *messages("events", "d", key=b"2", first=3),
        *messages("events", "bad", "f", key=None, first=4),
        *messages("outcomes", "g", key=b"1", first=6),
    ]
    report = await kafka.publisher(held=True).send(chunk)
    assert set(report.refused) == {1, 4}
    assert report.sent == {0, 3, 5, 6}
    assert report.error is None


async def test_the_whole_batch_is_refused_at_once_when_messages_are_new() -> None:
    kafka = refused_values(b"bad")
    report = await kafka.publisher().send(messages("events", "a", "bad", "c"))
    assert report.refused == dict.fromkeys(range(3), INVALID)
    assert (report.sent, len(kafka.requests)) == (set(), 1)


@pytest.mark.parametrize("error", [errors.TopicAuthorizationFailedError(), errors.NotEnoughReplicasError()])
async def test_the_producer_of_held_messages_is_kept_after_a_refusal_and_not_after_an_outage(error: Exception) -> None:
    kafka = StubKafka(lambda topic, _: error if topic == "events" else None)
    sender = kafka.publisher(held=True)
    report = await sender.send(messages("events", "a", "b"))
    assert (len(report.refused), kafka.producers[0].stopped) == (2, False)
    kafka.trouble = lambda *_: errors.KafkaConnectionError()
    sender.try_all()
    assert (await sender.send(messages("events", "a"))).error is not None
    assert kafka.producers[0].stopped


async def test_held_messages_are_sent_in_shorter_batches_when_a_batch_is_too_large() -> None:
    kafka = StubKafka(lambda _, values: MessageSizeTooLargeError() if len(values) > 2 or b"3" in values else None)
    chunk = [one for n in range(20) for one in messages("events", f"{n}", key=b"%d" % (n % 10), first=n)]
    report = await kafka.publisher(held=True).send(chunk)
    assert set(report.refused) == {3}
    assert report.sent == set(range(20)) - {3, 13}


@pytest.mark.parametrize("held", [False, True])
async def test_a_producer_is_idempotent_only_when_it_does_not_expect_refusals(held: bool) -> None:
    kafka = StubKafka()
    await kafka.publisher(held=held).send(messages("events", "a"))
    assert kafka.producers[0].options["enable_idempotence"] is not held
    assert kafka.producers[0].options["acks"] == "all"
