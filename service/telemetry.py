"""Logs and metrics: each metric's name, unit and meaning is declared here, once.

Logs go to stderr, one JSON object a line; stdout belongs to the command line's data.
"""

import logging
import sys
import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from service.import_block import block_import

with block_import("rich"):
    # It would load rich for coloured tracebacks, which logs of JSON never show: 4 MiB of every process.
    import structlog

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_P = "producer_registry_"
_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_SIZES = (1, 10, 50, 100, 250, 500, 1000, 2000, 5000)

COMMANDS = Counter(
    f"{_P}commands_total", "Commands that ended, by result: decided, repeated, skipped", ["result"], registry=REGISTRY
)
DEAD_LETTERS = Counter(f"{_P}dead_letters_total", "Records put aside as dead letters", ["reason"], registry=REGISTRY)
BATCH_SECONDS = Histogram(
    f"{_P}batch_seconds", "Time from a batch in hand to its commit in the database", buckets=_FAST, registry=REGISTRY
)
BATCH_RECORDS = Histogram(f"{_P}batch_records", "Records of a batch", buckets=_SIZES, registry=REGISTRY)
TROUBLE = Counter(
    f"{_P}trouble_total",
    "Batches that did not go through at once: race, unavailable, defect",
    ["kind"],
    registry=REGISTRY,
)
OFFSET_COMMIT_FAILURES = Counter(
    f"{_P}offset_commit_failures_total", "Offset commits the broker refused; the mark absorbs them", registry=REGISTRY
)
LAG = Gauge(f"{_P}consumer_lag_records", "Records not yet decided", ["topic", "partition"], registry=REGISTRY)
PUBLISHED = Counter(f"{_P}published_messages_total", "Messages the broker acknowledged", ["topic"], registry=REGISTRY)
PUBLISH_SECONDS = Histogram(
    f"{_P}publish_seconds", "Time to send one chunk of messages", buckets=_FAST, registry=REGISTRY
)
PUBLISH_FAILURES = Counter(
    f"{_P}publish_failures_total", "Chunks the broker did not take; they are sent again", registry=REGISTRY
)
OUTBOX_MESSAGES = Gauge(
    f"{_P}outbox_messages",
    "Messages that wait in this process's shards, or in all when it has none, as last counted (ten thousand frames)",
    registry=REGISTRY,
)
OUTBOX_OLDEST_SECONDS = Gauge(
    f"{_P}outbox_oldest_seconds", "Age of the oldest message that waits in this process's shards", registry=REGISTRY
)
CORRUPT_FRAMES = Counter(
    f"{_P}corrupt_frames_total", "Frames of the outbox that could not be read, and were set aside", registry=REGISTRY
)
HELD_MESSAGES = Gauge(
    f"{_P}held_messages",
    "Messages held back because the broker refuses them or one before",
    ["topic"],
    registry=REGISTRY,
)
SHARDS_HELD = Gauge(f"{_P}shards_held", "Outbox shards this process publishes", registry=REGISTRY)
RELAYS = Gauge(f"{_P}relays", "Relays that live, as last seen", registry=REGISTRY)
READY = Gauge(f"{_P}ready", "1 when the part is ready, else 0", ["part"], registry=REGISTRY)
LOOP_LAG_SECONDS = Gauge(f"{_P}event_loop_lag_seconds", "How late the event loop last woke", registry=REGISTRY)
INBOX_ROWS = Gauge(f"{_P}inbox_rows", "Command ids remembered, about, as of the last sweep", registry=REGISTRY)
SWEPT_AT = Gauge(
    f"{_P}inbox_swept_timestamp_seconds", "When this process last ended a sweep (Unix time); 0 never", registry=REGISTRY
)
PRUNED = Counter(f"{_P}pruned_inbox_rows_total", "Inbox rows removed after their retention", registry=REGISTRY)
HTTP_SECONDS = Histogram(
    f"{_P}http_request_seconds",
    "Time to answer a request",
    ["method", "route", "status"],
    buckets=_FAST,
    registry=REGISTRY,
)
HTTP_IN_FLIGHT = Gauge(f"{_P}http_requests_in_flight", "Requests being answered", registry=REGISTRY)


def exposition() -> bytes:
    """All metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)


class RateLimitFilter(logging.Filter):
    """Lets the same words of the Kafka client through once in a while: without a broker it repeats them for ever.

    It has about ten different ones for a broker that is away, so that once a minute keeps a log readable.
    """

    def __init__(self, seconds: float = 60.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds = seconds
        self._monotonic = monotonic
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is logged."""
        if not record.name.startswith(("aiokafka", "consumers.faststream")):
            return True
        words = record.name, str(record.msg)
        now = self._monotonic()
        if now - self._said.get(words, -self._seconds) < self._seconds:
            return False
        self._said[words] = now
        return True


def configure_logs(level: str) -> None:
    """Write logs of the service and of the libraries as JSON lines on stderr, from this level up."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(RateLimitFilter())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # These talk at info about every connection and heartbeat; what matters of it is said by our own lines.
    for name in ("aiokafka", "faststream", "uvicorn", "asyncio"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def log(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
