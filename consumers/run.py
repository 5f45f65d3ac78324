"""The Kafka side of one process: it reads commands, publishes the outbox, or does both."""

import asyncio
import contextlib
import gc
import itertools
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError

from consumers.backoff import Backoff, pause
from consumers.health import Health
from consumers.kafka.client import connection
from consumers.kafka.close_within import close_within
from consumers.kafka.cluster_identity import Identity, read_cluster_identity
from consumers.kafka.connection_error import reason_of
from consumers.kafka.permission import denied
from consumers.reading.assignment import Assignment, OffsetAlarm
from consumers.reading.batch import Batches
from consumers.reading.batch_metrics import BatchMetrics
from consumers.reading.consumer import CommandConsumer
from consumers.reading.dead_letter_limit import DeadLetterLimit
from consumers.reading.join import join
from consumers.reading.reading_metrics import ReadingMetrics
from consumers.reading.settlement import COMMIT_SECONDS, Settlement
from consumers.reading.start_offsets import StartOffsets
from consumers.reading.subscriber import Subscription
from consumers.reading.traced_batch import traced_apply, traced_handle
from consumers.reading.waiting import WaitingCommands
from consumers.relay.relay import Relay
from consumers.relay.traced_publisher import publisher
from consumers.shutdown import Shutdown
from service.contract.envelope import Limits, Parsed, parse
from service.contract.topics import Topics
from service.log_condition import LogCondition
from service.settings import Settings
from service.store.command_store import Applied, CommandStore
from service.store.offset_fence import OffsetFenceStore, Origin
from service.store.outbox_store import OutboxStore
from service.store.waiting_command import WaitPolicy
from service.store.waiting_store import WaitingStore
from service.telemetry import COMMAND_PARTITIONS, log

if TYPE_CHECKING:
    from service.tracing import Tracing

_log = log(__name__)

BROKER = "broker"
COLLECT_BATCHES = 16
# A transaction that decides waiting commands stops all other batches, so it is not as small as these may be.
LEAST_WAITING = 100
PROBE_SECONDS = 2.0
CHECK_PROBES = 5
ANSWER_SECONDS = 5.0
# Parts of the shutdown deadline: to publish the messages in progress, and to commit offsets.
PUBLISH_PART, COMMIT_PART = 0.2, 0.1


class Consumers:
    """The Kafka side of a process. It `reads` commands and `publishes` the outbox until the shutdown begins."""

    def __init__(
        self,
        settings: Settings,
        health: Health,
        shutdown: Shutdown,
        *,
        reads: bool,
        publishes: bool,
        tracing: "Tracing | None" = None,
    ) -> None:
        self._settings = settings
        self._tracing = tracing
        self._topics = Topics(settings.topic_prefix, settings.schema_base_uri)
        self._health = health
        self._shutdown = shutdown
        self._reads = reads
        deadline = settings.shutdown_deadline_seconds
        self._commit_seconds = deadline * COMMIT_PART
        self._relay = Relay(
            OutboxStore(settings),
            publisher(settings, tracing),
            publisher(settings, tracing, held=True),
            health=health,
            end_seconds=deadline * PUBLISH_PART,
        )
        self._publishes = publishes
        self._batch_metrics = BatchMetrics(settings.metrics_sources)
        self._settlement = Settlement(min(COMMIT_SECONDS, settings.session_timeout_ms / 1000), watch=shutdown.watch)
        self._reading_metrics = ReadingMetrics()
        self._start_offsets: StartOffsets | None = None
        self._committed_unknown = LogCondition(_log, "committed_offsets_unknown", "committed_offsets_known_again")

    async def run(self) -> None:
        """Wait for the broker and work. At shutdown, finish the running batch, publish, commit and leave the group."""
        client = await self._client()
        if client is None:
            return
        probing = asyncio.create_task(self._probe(client))
        relaying = asyncio.create_task(self._relay.run() if self._publishes else self._shutdown.stop.wait())
        for task, name in ((probing, "broker probe"), (relaying, "relay")):
            self._shutdown.watch(task, name)
        try:
            if self._reads:
                await self._read(client, relaying)
            await self._shutdown.stop.wait()
            self._relay.stop()
            await asyncio.wait((relaying,))
        finally:
            for task in (probing, relaying):
                task.cancel()
            await asyncio.wait((probing, relaying))
            await close_within(client.close(), ANSWER_SECONDS)

    async def _check_offsets(self) -> None:
        # Committed offsets only matter for the reported lag, so an error here does not make the broker part not ready.
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._settlement.check()
        except (KafkaError, TimeoutError) as error:
            self._committed_unknown.lasts(error=repr(error))
        else:
            self._committed_unknown.ended()

    async def _client(self) -> AIOKafkaClient | None:
        """Connect a client for metadata requests; None when the shutdown begins before the broker answers."""
        backoff = Backoff(most=3.0)
        while not self._shutdown.stop.is_set():
            client = AIOKafkaClient(**connection(self._settings))
            try:
                await client.bootstrap()
            except (KafkaError, OSError) as error:
                await close_within(client.close(), ANSWER_SECONDS)
                self._health.mark_not_ready(BROKER, reason_of(error))
                await pause(backoff.next(), self._shutdown.stop)
            else:
                return client
        return None

    async def _probe(self, client: AIOKafkaClient) -> None:
        """Check periodically whether the broker answers and has the topics, and update the lag."""
        needed, states = self._topics.all(states=False), tuple(self._topics.states.values())
        for turn in itertools.count(1):
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    now = await read_cluster_identity(client, needed)
                    if self._start_offsets is not None:
                        # A recreated topic has other records at the same offsets.
                        self._start_offsets.compare(now)
                    if self._settings.state_topics:
                        await read_cluster_identity(client, states)
                self._health.mark_ready(BROKER)
                for topic in (self._topics.commands, self._topics.operator_commands):
                    COMMAND_PARTITIONS.labels(topic).set(now.partitions.get(topic, 0))
                if turn % CHECK_PROBES == 0:
                    await self._check_offsets()
            except OffsetAlarm as alarm:
                self._shutdown.fail(str(alarm))
            except UnknownTopicOrPartitionError as error:
                self._health.mark_not_ready(
                    BROKER, f"{error.args[0]} does not exist: `producer-registry topics create`"
                )
            except TopicAuthorizationFailedError as error:
                self._health.mark_not_ready(BROKER, denied(error, "DESCRIBE") or reason_of(error))
            except (KafkaError, OSError, TimeoutError) as error:
                self._health.mark_not_ready(BROKER, f"no answer: {reason_of(error)}")
            self._reading_metrics.report(self._settlement.lags(), self._settlement.reached)
            await asyncio.sleep(PROBE_SECONDS)

    async def _read(self, client: AIOKafkaClient, relaying: asyncio.Task[object]) -> None:
        topics = (self._topics.commands, self._topics.operator_commands)
        identity = await self._identity(client, topics)
        if identity is None:
            return
        origin = Origin(identity.cluster_id, identity.topic_ids)
        waiting = self._waiting_commands(origin)
        store = CommandStore(
            self._settings,
            self._topics,
            origin=origin,
            held=lambda: self._relay.shards,
            tracing=self._tracing,
            policy=waiting.policy,
        )
        start_offsets = StartOffsets(self._settings, client, OffsetFenceStore(self._settings, origin), identity, topics)
        self._start_offsets = start_offsets
        assignment = Assignment(start_offsets, self._health, self._shutdown)
        assignment.flush = self._settlement.flush
        self._settlement.on_rewind = assignment.lost
        limits = Limits(self._settings.max_body_bytes, frozenset(self._settings.reply_topics))

        async def apply(batch: Sequence[Parsed], after: Mapping[TopicPartition, int]) -> Applied:
            applied = await store.apply(batch, self._settlement.reached, after)
            self._relay.wake()
            waiting.wake(applied)
            return applied

        batches = Batches(
            partial(parse, topics=self._topics, limits=limits),
            traced_apply(apply, self._tracing, self._settings.consumer_group),
            self._settlement,
            limit=DeadLetterLimit(self._settings.dead_letter_window, self._settings.dead_letter_minimum),
            metrics=self._batch_metrics,
            health=self._health,
            shutdown=self._shutdown,
        )

        def positioned(start_offsets: Mapping[TopicPartition, int]) -> None:
            batches.positioned(start_offsets)
            # A mark can be ahead of the committed offset when a process died before its commit.
            self._settlement.settle(start_offsets)

        assignment.on_assigned = batches.assigned
        assignment.on_positioned = positioned
        assignment.pass_over = partial(self._pass_over, store)
        batches_done = itertools.count(1)

        async def handle(records: tuple[ConsumerRecord, ...]) -> None:
            self._reading_metrics.read(records)
            try:
                await batches.handle(records, assignment.positions)
            except Exception as error:
                # The batch must not count as decided. The next poll reads again from the marks.
                assignment.lost()
                self._shutdown.fail(f"a batch failed with an unexpected error: {error!r}")
                raise
            finally:
                assignment.done()
                # Garbage collection is off while a batch runs, and a batch leaves little garbage. A collection after
                # each batch would traverse all messages that the relay holds in memory: 1 to 2 µs per command.
                if next(batches_done) % COLLECT_BATCHES == 0:
                    gc.collect(0)

        async def before_leaving() -> None:
            self._relay.stop()
            await asyncio.wait((relaying,))
            await self._settlement.flush(self._commit_seconds)

        async def leave(consumer: CommandConsumer) -> None:
            if self._shutdown.stop.is_set():
                await before_leaving()

        subscription = Subscription(
            self._settings,
            self._topics,
            assignment,
            traced_handle(handle, self._tracing),
            built=self._settlement.use,
            before_leaving=leave,
        )
        async with waiting.running():
            if await join(subscription, self._settings.consumer_group, self._health, self._shutdown):
                await self._shutdown.stop.wait()
                await subscription.stop()
        await store.close()

    def _waiting_commands(self, origin: Origin) -> WaitingCommands:
        policy = WaitPolicy(self._settings.reference_wait_seconds, self._settings.reference_wait_commands, None)
        store = WaitingStore(
            self._settings, self._topics, origin=origin, held=lambda: self._relay.shards, policy=policy
        )
        return WaitingCommands(
            store,
            policy,
            most=max(self._settings.batch_max_records, LEAST_WAITING),
            metrics=self._batch_metrics,
            decided=self._relay.wake,
            shutdown=self._shutdown,
        )

    async def _pass_over(self, store: CommandStore, positions: Mapping[TopicPartition, int]) -> None:
        """Move the marks to these positions, because no undecided record is before them."""
        reached = self._settlement.reached
        moved = {tp: offset for tp, offset in positions.items() if offset > reached.get(tp, offset)}
        if moved:
            await store.pass_over(moved, reached)
            self._settlement.settle(moved)

    async def _identity(self, client: AIOKafkaClient, topics: tuple[str, ...]) -> Identity | None:
        # Errors are not reported here: the probe sends the same request and reports them.
        backoff = Backoff(most=3.0)
        while not self._shutdown.stop.is_set():
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(ANSWER_SECONDS):
                    return await read_cluster_identity(client, topics)
            await pause(backoff.next(), self._shutdown.stop)
        return None
