"""Each metric that an alert uses is compared once with a value that is known, under the labels that the alert reads."""

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from consumers import run
from consumers.health import Health
from consumers.kafka.cluster_identity import Identity
from consumers.kafka.command_publisher import CommandPublisher
from consumers.relay.held_keys import HeldKeys
from consumers.relay.status import PART, RelayStatus
from consumers.run import BROKER, Consumers
from consumers.shutdown import Shutdown
from service import clock
from service.cli.housekeeping import housekeep
from service.cli.http_writes import broker_side
from service.cli.key_watch import KEYS, watch_keys
from service.cli.process_metrics import describe_process
from service.contract.envelope import Parsed, Received
from service.contract.sending import CommandRecord
from service.contract.topics import Topics
from service.http.connections import Connections
from service.http.jwks import KeySet, KeysUnavailable
from service.http.publisher import NotPublished
from service.settings import Settings, load
from service.store.command_store import Applied
from service.store.errors import StoreDefect, StoreRace, StoreUnavailable
from service.store.maintenance import Swept
from service.store.outbox_store import Size
from service.telemetry import LAG, REGISTRY
from service.version import VERSION
from tests.support.issuer import Issuer
from tests.support.wait import eventually
from tests.unit.consumers.kafka_stub import StubKafka, messages
from tests.unit.consumers.outbox_stub import message, row
from tests.unit.consumers.stub import Bench, StubRecord, StubStore
from tests.unit.http.api_client import api_client

ALERTS = Path(__file__).parents[2] / "deploy" / "alerts.yaml"
PREFIX = "producer_registry_"
TRUSTED = Issuer()
TOPICS = Topics()
ACCOUNT = "/account/v1/producer-codes"


class Timed(NamedTuple):
    """The attributes of a Kafka record that the metrics of reading use."""

    topic: str
    partition: int
    timestamp: int


def value(name: str, **labels: str) -> float:
    """What a scraper reads; 0 for what is not there."""
    return REGISTRY.get_sample_value(PREFIX + name, labels) or 0.0


async def lag() -> None:
    """Partition 3 of a topic has seven records that are not decided, and partition 4 has none.

    The first record that was read has a timestamp of 1,700,000,000.5 s. One of partition 4 is older, and is decided.
    """
    settings = load({"database_url": "postgresql://nobody", "kafka_bootstrap_servers": "nobody:1"})
    process = Consumers(settings, Health([BROKER]), Shutdown(asyncio.Event()), reads=True, publishes=False)

    async def read_cluster_identity(*_: object) -> Identity:
        return Identity("cluster", {}, {TOPICS.commands: 12, TOPICS.operator_commands: 3})

    process._reading_metrics.read([Timed("orders", 4, 1_600_000_000_000), Timed("orders", 3, 1_700_000_000_500)])
    process._reading_metrics.read([Timed("orders", 3, 1_700_000_000_500), Timed("orders", 3, 1_700_000_009_000)])
    process._settlement.reached = {TopicPartition("orders", 3): 11, TopicPartition("orders", 4): 12}
    LAG.labels("orders", 99).set(5)
    lags = {TopicPartition("orders", 3): 7, TopicPartition("orders", 4): 0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "read_cluster_identity", read_cluster_identity)
        patch.setattr(process._settlement, "lags", lambda: lags)
        probing = asyncio.create_task(process._probe(None))
        await eventually(lambda: value("consumer_lag_records", topic="orders", partition="3") > 0, what="the lag")
        probing.cancel()
        await asyncio.wait((probing,))


async def ready() -> None:
    """One part is well, and another one was until it had trouble."""
    health = Health(["metric-well", "metric-trouble"])
    health.mark_ready("metric-well")
    health.mark_ready("metric-trouble")
    health.mark_not_ready("metric-trouble", "a reason")


async def unread() -> None:
    """The keys of the token issuer cannot be read."""

    def read(_: str) -> bytes:
        raise OSError("refused")

    now = iter(itertools.chain([60.0], itertools.repeat(100.0)))
    keys = KeySet("memory", ["ES256"], read=read, now=lambda: next(now))
    with pytest.raises(KeysUnavailable):
        await keys.key("ec", "ES256")
    watching = asyncio.create_task(watch_keys(keys, Health([KEYS])))
    await asyncio.sleep(0)
    watching.cancel()
    await asyncio.wait((watching,))


async def relay() -> None:
    """A relay holds three shards, where five messages wait and three of two topics are held back; two are corrupt."""
    status, held = RelayStatus(Health([PART])), HeldKeys()
    held.add(row(message(1, topic="metric-a"), message(2, topic="metric-a")))
    held.add(row(message(3, topic="metric-b")))
    status.set_shards(frozenset({1, 5, 9}))
    status.report_backlog(Size(5, 1000, 61.5))
    status.report_held(held)
    status.report_corrupt([row(message(4)), row(message(5))])


async def batches() -> None:
    """Two of seven records are no commands, and one is put aside for a defect; the first two tries meet other trouble.

    The defect is met by the seven, by four of them, by two, and by the one record.
    """

    def trouble(batch: Sequence[Parsed]) -> Exception | None:
        if len(bench.store.calls) <= len(first):
            return first[len(bench.store.calls) - 1]
        return StoreDefect("row") if any(p.record.offset == 3 and isinstance(p, Received) for p in batch) else None

    first: list[Exception] = [StoreUnavailable("away"), StoreRace("version")]
    bench = Bench(StubStore(trouble))
    records = [StubRecord(n, value=b"bad" if n in {1, 6} else b"good") for n in range(7)]
    await bench.batches.handle(records)
    await bench.batches.handle(records)


async def results() -> None:
    """A batch has four commands that are decided, two that are repeated, and three records of before."""

    class Answering(StubStore):
        async def apply(self, batch: Sequence[Parsed], after: Mapping[TopicPartition, int]) -> Applied:
            rejections = {("seen", "invalid"): 1}
            return Applied(
                [], 4, 2, 0, 3, {("group.create", "accepted"): 3, ("group.create", "rejected"): 1}, rejections
            )

    await Bench(Answering()).batches.handle([StubRecord(0)])


async def answers() -> None:
    """Two requests are answered well, one fails, and one asks for what is not there."""

    async def fails() -> None:
        raise StoreUnavailable("away")

    headers = {"Authorization": f"Bearer {TRUSTED.token()}"}
    async with api_client(TRUSTED) as client:
        await client.get(ACCOUNT, headers=headers)
        await client.get(ACCOUNT, headers=headers)
        await client.get("/nowhere")
    async with api_client(TRUSTED, fails) as client:
        await client.get(ACCOUNT, headers=headers)


async def swept() -> None:
    """A sweep leaves eleven ids."""
    answers = iter([Swept(forgotten=7, remembered=11)])

    async def sweep(_: Settings) -> Swept | None:
        return next(answers)

    async def sleep(_: float) -> None:
        return

    with pytest.raises(RuntimeError, match="StopIteration"):
        await housekeep(Settings(), sweep, sleep)


async def refused() -> None:
    """The broker refuses the second of two topics."""
    kafka = StubKafka(lambda _, values: KafkaConnectionError("cut") if b"bad" in values else None)
    chunk = [*messages("outcomes", "good"), *messages("events", "bad", "worse", first=1)]
    await kafka.publisher().send(chunk)


async def unpublished() -> None:
    """A command is not published, because there is no broker."""
    publisher = CommandPublisher(load({"kafka_bootstrap_servers": "127.0.0.1:1"}))
    with pytest.raises(NotPublished):
        await publisher.publish(CommandRecord("t", b"key", b"{}", []), seconds=0.01)
    await publisher.close()


async def writes() -> None:
    """Seven requests that write may wait, and none does."""
    settings = load({"kafka_bootstrap_servers": "127.0.0.1:1", "http_writes_waiting": "7"})
    async with broker_side(settings, Shutdown(asyncio.Event())):
        pass


async def connected() -> None:
    """No connection is open, and nine may be."""
    Connections("metric", 9)


async def described() -> None:
    """The process is a relay."""
    describe_process("all")
    describe_process("relay")


Cause = Callable[[], Awaitable[None]]
# What happens, the metric with its labels, and what is added to it: by a gauge, what it is from then on.
COUNTERS: list[tuple[Cause, str, dict[str, str], float]] = [
    (relay, "corrupt_frames_total", {}, 2),
    (batches, "dead_letters_total", {"reason": "not-json"}, 2),
    (batches, "dead_letters_total", {"reason": "failed"}, 1),
    (batches, "trouble_total", {"kind": "defect"}, 4),
    (batches, "trouble_total", {"kind": "unavailable"}, 1),
    (batches, "trouble_total", {"kind": "race"}, 1),
    (batches, "batch_seconds_bucket", {"le": "+Inf"}, 1),
    (batches, "batch_records_count", {}, 2),
    (results, "commands_total", {"result": "decided"}, 4),
    (results, "commands_total", {"result": "repeated"}, 2),
    (results, "commands_total", {"result": "skipped"}, 3),
    (results, "command_outcomes_total", {"type": "group.create", "outcome": "accepted"}, 3),
    (results, "rejections_total", {"source": "seen", "code": "invalid"}, 1),
    (answers, "http_request_seconds_count", {"method": "GET", "route": ACCOUNT, "status": "200"}, 2),
    (answers, "http_request_seconds_count", {"method": "GET", "route": ACCOUNT, "status": "503"}, 1),
    (answers, "http_request_seconds_count", {"method": "GET", "route": "none", "status": "404"}, 1),
    (swept, "pruned_inbox_rows_total", {}, 7),
    (unread, "jwks_failures_total", {}, 1),
    (ready, "not_ready_total", {"part": "metric-trouble"}, 1),
    (ready, "not_ready_total", {"part": "metric-well"}, 0),
    (refused, "publish_failures_total", {"topic": "events"}, 1),
    (refused, "publish_failures_total", {"topic": "outcomes"}, 0),
    (unpublished, "http_publish_failures_total", {"result": "not_published"}, 1),
]
GAUGES: list[tuple[Cause, str, dict[str, str], float]] = [
    (ready, "ready", {"part": "metric-well"}, 1),
    (ready, "ready", {"part": "metric-trouble"}, 0),
    (lag, "consumer_lag_records", {"topic": "orders", "partition": "3"}, 7),
    (lag, "consumer_lag_records", {"topic": "orders", "partition": "4"}, 0),
    (lag, "consumer_offset", {"topic": "orders", "partition": "3"}, 11),
    (lag, "command_partitions", {"topic": "registry.commands.v1"}, 12),
    (lag, "oldest_undecided_command_timestamp_seconds", {}, 1_700_000_000.5),
    (unread, "jwks_age_seconds", {}, 40),
    (writes, "http_writes_waiting", {}, 0),
    (writes, "http_writes_waiting_limit", {}, 7),
    (connected, "http_connections", {"port": "metric"}, 0),
    (connected, "http_connections_limit", {"port": "metric"}, 9),
    (described, "role_info", {"role": "relay"}, 1),
    (described, "build_info", {"version": VERSION}, 1),
    (relay, "outbox_oldest_seconds", {}, 61.5),
    (relay, "outbox_messages", {}, 5),
    (relay, "held_messages", {"topic": "metric-a"}, 2),
    (relay, "held_messages", {"topic": "metric-b"}, 1),
    (relay, "shards_held", {}, 3),
    (swept, "inbox_rows", {}, 11),
    (swept, "inbox_swept_timestamp_seconds", {}, 1_790_000_000),
]


@pytest.mark.parametrize(("cause", "name", "labels", "more"), COUNTERS)
async def test_a_counter_grows_by_what_happened(cause: Cause, name: str, labels: dict[str, str], more: float) -> None:
    before = value(name, **labels)
    await cause()
    assert value(name, **labels) - before == more


@pytest.mark.parametrize(("cause", "name", "labels", "known"), GAUGES)
async def test_a_gauge_has_the_value_of_what_was_seen(
    cause: Cause, name: str, labels: dict[str, str], known: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime.fromtimestamp(1_790_000_000, UTC))
    await cause()
    assert value(name, **labels) == known


def test_every_metric_of_an_alert_has_a_known_value_here() -> None:
    rules = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
    used = {name for rule in rules for name in re.findall(rf"{PREFIX}(\w+)", rule["expr"])}
    assert used <= {name for _, name, _, _ in [*COUNTERS, *GAUGES]}
    assert len(used) > 10
