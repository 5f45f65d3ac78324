"""The configuration of the logs: JSON lines in the service, and text in the other commands.

Logs go to stderr, one JSON object per line. Stdout is reserved for the data of the command line.
"""

import logging
import sys
import time
from collections.abc import Callable

from service.import_block import block_import
from service.log_limit import LogLimit

with block_import("rich"):
    # structlog loads rich for coloured tracebacks, which JSON logs never show. It would use 4 MiB in every process.
    import structlog


class RateLimitFilter(logging.Filter):
    """Limit equal log messages of the libraries to one per interval (by default a minute).

    They are the Kafka client, the HTTP server and the exporter of traces. Without a broker, the client repeats about
    ten different messages continuously. Callers choose how often the server gets a malformed request.
    """

    def __init__(self, seconds: float = 60.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._limit = LogLimit(seconds, monotonic)

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is to be logged."""
        limited = record.name.startswith(("aiokafka", "consumers.faststream", "opentelemetry", "uvicorn"))
        return not limited or self._limit.allows((record.name, str(record.msg)))


def _drop_below_warning(_: object, method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    if method in {"debug", "info"}:
        raise structlog.DropEvent
    return event


def warn_on_stderr() -> None:
    """Write warnings and errors to stderr as text: the commands that are no service never call `configure_logs`."""
    structlog.configure(
        processors=[_drop_below_warning, structlog.processors.KeyValueRenderer(key_order=["event"])],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


# Here, and not where loggers are made: a module that is imported after `configure_logs` must not undo it.
warn_on_stderr()


def configure_logs(level: str) -> None:
    """Write the logs of the service and of its libraries to stderr as JSON lines, from this level upwards."""
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
    # At level info, these libraries log each connection and heartbeat. The service logs the relevant events itself.
    for name in ("aiokafka", "faststream", "uvicorn", "asyncio"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def log(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
