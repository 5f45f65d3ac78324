"""Run `producer-registry` and record when the steps of commands and of writes over HTTP begin and end.

`python -m tests.load.tracer FILE ARGUMENTS…`; at the end FILE has a JSON array of [name, begin, end], in the order of
the ends; times are in seconds of a monotonic clock. SIGUSR1 discards the steps until then, which excludes the warm-up.
"""

import functools
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import orjson

STEPS: list[tuple[str, float, float]] = []


def record(owner: type, method: str, name: str) -> None:
    """Record the calls of an asynchronous method as steps with this name."""
    original: Callable[..., Awaitable[Any]] = getattr(owner, method)

    @functools.wraps(original)
    async def recorded(*given: Any, **more: Any) -> Any:
        begin = time.monotonic()
        try:
            return await original(*given, **more)
        finally:
            STEPS.append((name, begin, time.monotonic()))

    setattr(owner, method, recorded)


def record_statements() -> None:
    """Record the statements of the writer, which runs one after the other; the name has the beginning of the text."""
    for method in ("fetch", "execute", "executemany", "copy_records_to_table"):
        original: Callable[..., Awaitable[Any]] = getattr(asyncpg.Connection, method)
        setattr(asyncpg.Connection, method, _recorded_statement(method, original))


def _recorded_statement(method: str, original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(original)
    async def recorded(connection: Any, text: str, *given: Any, **more: Any) -> Any:
        begin = time.monotonic()
        try:
            return await original(connection, text, *given, **more)
        finally:
            if connection.get_settings().application_name == "producer-registry writer":
                named = f"COPY {text}" if method.startswith("copy") else text
                STEPS.append((f"statement: {' '.join(named.split())[:60]}", begin, time.monotonic()))

    return recorded


def record_all() -> None:
    """Record the steps that `tests.load.write_steps` and `tests.load.timeline` name."""
    from consumers.kafka.command_publisher import CommandPublisher
    from consumers.reading.consumer import CommandConsumer
    from consumers.relay.publisher import Publisher
    from service.http.outcome_wait import Waiting
    from service.http.write import _OneWrite
    from service.http.write_result import Result
    from service.store.command_store import CommandStore
    from service.store.outbox_store import OutboxStore
    from service.store.outcome_session import OutcomeSession

    record(_OneWrite, "answer", "request")
    record(Waiting, "first", "first")
    record(CommandPublisher, "publish", "publish")
    record(CommandConsumer, "getmany", "poll")
    record(CommandStore, "apply", "batch")
    record(Waiting, "outcome", "outcome")
    record(OutcomeSession, "states", "states")
    record(Result, "_resource", "resource")
    record(OutboxStore, "read", "relay read")
    record(Publisher, "send", "relay publish")
    record(OutboxStore, "settle", "relay settle")
    record_statements()
    _record_notifications(OutcomeSession)


def _record_notifications(sessions: Any) -> None:
    original = sessions.open

    async def open_session(session: Any, on_notify: Callable[[], None]) -> None:
        def notified() -> None:
            STEPS.append(("notification", time.monotonic(), time.monotonic()))
            on_notify()

        await original(session, notified)

    sessions.open = open_session


def main() -> None:
    """Run the program."""
    from service.cli.main import main as run

    file, sys.argv = Path(sys.argv[1]), ["producer-registry", *sys.argv[2:]]
    record_all()
    signal.signal(signal.SIGUSR1, lambda *_: STEPS.clear())
    try:
        run()
    finally:
        file.write_bytes(orjson.dumps(STEPS))


if __name__ == "__main__":
    main()
