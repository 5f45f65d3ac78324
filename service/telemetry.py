"""The declarations of all metrics, and the loggers of the modules."""

from collections.abc import Iterable
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.exposition import generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from service import log_configuration

log = log_configuration.log

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_P = "producer_registry_"
_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_SIZES = (1, 10, 50, 100, 250, 500, 1000, 2000, 5000)

BUILD = Info(f"{_P}build", "Version of the program", registry=REGISTRY)
ROLE = Gauge(f"{_P}role_info", "1 for each role of this process: consumers, relay, api", ["role"], registry=REGISTRY)
COMMANDS = Counter(
    f"{_P}commands_total",
    "Processed commands by result: decided, repeated, skipped, waiting (decided later)",
    ["result"],
    registry=REGISTRY,
)
COMMAND_OUTCOMES = Counter(
    f"{_P}command_outcomes_total",
    "Decided commands by type, such as group.create, and by outcome: accepted, unchanged, rejected",
    ["type", "outcome"],
    registry=REGISTRY,
)
REJECTIONS = Counter(
    f"{_P}rejections_total",
    "Rejected commands by the code of their first problem, and by source: those of REGISTRY_METRICS_SOURCES, /http/ for"
    " all callers of the API, and other",
    ["source", "code"],
    registry=REGISTRY,
)
WAITING_COMMANDS = Gauge(
    f"{_P}waiting_commands", "Commands of all processes that wait for their references", registry=REGISTRY
)
WAITING_OLDEST_SECONDS = Gauge(f"{_P}waiting_oldest_seconds", "Age of the oldest waiting command", registry=REGISTRY)
DEAD_LETTERS = Counter(
    f"{_P}dead_letters_total", "Records sent to the dead-letter topic, by reason", ["reason"], registry=REGISTRY
)
BATCH_SECONDS = Histogram(
    f"{_P}batch_seconds",
    "Time from the receipt of a batch to its commit in the database",
    buckets=_FAST,
    registry=REGISTRY,
)
BATCH_RECORDS = Histogram(f"{_P}batch_records", "Number of records in a batch", buckets=_SIZES, registry=REGISTRY)
TROUBLE = Counter(
    f"{_P}trouble_total",
    "Batches that were not committed at the first attempt, by kind: race, unavailable, defect",
    ["kind"],
    registry=REGISTRY,
)
OFFSET_COMMIT_FAILURES = Counter(
    f"{_P}offset_commit_failures_total",
    "Offset commits that the broker refused; the offset fence makes them harmless",
    registry=REGISTRY,
)
LAG = Gauge(
    f"{_P}consumer_lag_records",
    "Undecided records of each partition that this process reads",
    ["topic", "partition"],
    registry=REGISTRY,
)
CONSUMER_OFFSET = Gauge(
    f"{_P}consumer_offset",
    "Next offset to decide of each partition that this process reads",
    ["topic", "partition"],
    registry=REGISTRY,
)
COMMAND_PARTITIONS = Gauge(
    f"{_P}command_partitions", "Number of partitions of a command topic", ["topic"], registry=REGISTRY
)
OLDEST_UNDECIDED = Gauge(
    f"{_P}oldest_undecided_command_timestamp_seconds",
    "Unix time of the oldest command that this process has read and not decided, by the timestamp of its record; 0 if"
    " there is none",
    registry=REGISTRY,
)
PUBLISHED = Counter(
    f"{_P}published_messages_total", "Messages acknowledged by the broker", ["topic"], registry=REGISTRY
)
PUBLISH_SECONDS = Histogram(
    f"{_P}publish_seconds", "Time to publish one chunk of messages", buckets=_FAST, registry=REGISTRY
)
PUBLISH_FAILURES = Counter(
    f"{_P}publish_failures_total",
    "Attempts to publish in which the broker did not accept all messages of a topic; they are sent again or held",
    ["topic"],
    registry=REGISTRY,
)
OUTBOX_MESSAGES = Gauge(
    f"{_P}outbox_messages",
    "Unpublished messages in the shards of this process, or in all shards if it has none;"
    " at most ten thousand frames are counted",
    registry=REGISTRY,
)
OUTBOX_OLDEST_SECONDS = Gauge(
    f"{_P}outbox_oldest_seconds",
    "Age of the oldest unpublished message in the shards of this process",
    registry=REGISTRY,
)
CORRUPT_FRAMES = Counter(
    f"{_P}corrupt_frames_total", "Outbox frames that could not be decoded and were quarantined", registry=REGISTRY
)
HELD_MESSAGES = Gauge(
    f"{_P}held_messages",
    "Messages held back because the broker refused them or an earlier message",
    ["topic"],
    registry=REGISTRY,
)
SHARDS_HELD = Gauge(f"{_P}shards_held", "Outbox shards that this process publishes", registry=REGISTRY)
RELAYS = Gauge(f"{_P}relays", "Number of running relays", registry=REGISTRY)
READY = Gauge(f"{_P}ready", "1 if the part is ready, otherwise 0", ["part"], registry=REGISTRY)
NOT_READY = Counter(
    f"{_P}not_ready_total", "Times that a part that was ready became not ready", ["part"], registry=REGISTRY
)
LOOP_LAG_SECONDS = Gauge(
    f"{_P}event_loop_lag_seconds", "Delay of the last wake-up of the event loop", registry=REGISTRY
)
INBOX_ROWS = Gauge(
    f"{_P}inbox_rows", "Estimated number of command ids in the inbox after the last sweep", registry=REGISTRY
)
SWEPT_AT = Gauge(
    f"{_P}inbox_swept_timestamp_seconds",
    "Unix time at which this process last completed a sweep of the inbox; 0 if it has not",
    registry=REGISTRY,
)
PRUNED = Counter(f"{_P}pruned_inbox_rows_total", "Inbox rows removed after their retention time", registry=REGISTRY)
JWKS_FAILURES = Counter(
    f"{_P}jwks_failures_total", "Failed attempts to read the keys of the token issuer", registry=REGISTRY
)
JWKS_AGE = Gauge(
    f"{_P}jwks_age_seconds",
    "Time since the keys of the token issuer were last read, or since the start if they were not read yet",
    registry=REGISTRY,
)
DATABASE_CONNECTIONS = Gauge(
    f"{_P}database_connections",
    "Connections of a pool of the API (api, api-expensive) by state: in_use, idle",
    ["pool", "state"],
    registry=REGISTRY,
)
HTTP_SECONDS = Histogram(
    f"{_P}http_request_seconds",
    "Duration of a request",
    ["method", "route", "status"],
    buckets=_FAST,
    registry=REGISTRY,
)
HTTP_MALFORMED = Counter(
    f"{_P}http_malformed_requests_total",
    "Requests that were refused before the application saw them: not HTTP, or too long a head",
    registry=REGISTRY,
)
HTTP_CONNECTIONS = Gauge(f"{_P}http_connections", "Open connections", ["port"], registry=REGISTRY)
HTTP_CONNECTIONS_LIMIT = Gauge(
    f"{_P}http_connections_limit", "Maximum number of open connections", ["port"], registry=REGISTRY
)
HTTP_CLOSED = Counter(
    f"{_P}http_closed_connections_total",
    "Connections that the server closed: too many (limit), too many bytes for all of them (held_bytes), a client that"
    " does not read (not_reading), no complete head in time (head_timeout), no further request (idle_timeout)",
    ["port", "reason"],
    registry=REGISTRY,
)
HTTP_IN_FLIGHT = Gauge(f"{_P}http_requests_in_flight", "Requests in progress", registry=REGISTRY)
HTTP_SLOTS_IN_USE = Gauge(
    f"{_P}http_slots_in_use",
    "Requests that have a slot of a limit: general (REGISTRY_MAX_CONCURRENT_REQUESTS) or expensive"
    " (REGISTRY_MAX_EXPENSIVE_READS)",
    ["limit"],
    registry=REGISTRY,
)
HTTP_WAITING = Gauge(
    f"{_P}http_requests_waiting", "Requests that wait for a slot of a limit", ["limit"], registry=REGISTRY
)
HTTP_WRITES_WAITING = Gauge(
    f"{_P}http_writes_waiting",
    "Requests that write and wait for the outcome of their command (REGISTRY_HTTP_WRITES_WAITING)",
    registry=REGISTRY,
)
HTTP_WRITES_WAITING_LIMIT = Gauge(
    f"{_P}http_writes_waiting_limit",
    "Maximum number of requests that write and wait (REGISTRY_HTTP_WRITES_WAITING)",
    registry=REGISTRY,
)
HTTP_PUBLISH_FAILURES = Counter(
    f"{_P}http_publish_failures_total",
    "Commands of requests that the broker did not confirm, by result: not_published, maybe_published",
    ["result"],
    registry=REGISTRY,
)


def start_at_zero(counter: Counter, *values: Iterable[str]) -> None:
    """Create the series of all combinations of label values.

    Otherwise a series begins with its first event, and `increase` and `rate` of Prometheus do not see that event.
    """
    for labels in product(*values):
        counter.labels(*labels)


def exposition() -> bytes:
    """Return all metrics in the text format of Prometheus."""
    return generate_latest(REGISTRY)
