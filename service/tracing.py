"""Traces with OpenTelemetry: from the `traceparent` of a command to that of its event, and to the publication of it.

The sender decides which of its commands are traced: the flag `sampled` of the `traceparent`. A limit per second bounds
their number. A traced command has a span `process` in the trace of its sender, and its event and outcome carry the
context of this span. A batch with traced commands has a trace of its own, with the statements; the two are joined by
links. Spans have the names and attributes of the semantic conventions for messaging and databases.

Without `REGISTRY_TRACES_ENDPOINT`, nothing here runs, and OpenTelemetry need not be installed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from opentelemetry.trace import Link, SpanKind, Status, StatusCode, get_current_span, use_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from service.contract.catalogue import wire_type
from service.contract.message import Message
from service.contract.record import Parsed, Received

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

P = ParamSpec("P")
R = TypeVar("R")

MAX_LINKS: Final = 64
"""The number of links of the span of a batch; a batch may have more traced commands."""

_KAFKA: Final = {"messaging.system": "kafka"}
_PROPAGATOR: Final = TraceContextTextMapPropagator()
_may_be_sampled: Final = re.compile(r"[^-]{2}-[^-]{32}-[^-]{16}-.[13579bdf]").match


class Tracing:
    """Creates the spans of a process, of at most `per_second` commands and `per_second` published messages a second."""

    def __init__(
        self, provider: TracerProvider, per_second: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._tracer = provider.get_tracer("producer-registry")
        self._commands = _Limit(per_second, monotonic)
        self._messages = _Limit(per_second, monotonic)
        self._polling_since: int | None = None

    def polling(self) -> None:
        """Note that the process waits for commands from now on; the next batch has a span for this."""
        self._polling_since = time.time_ns()

    @contextmanager
    def batch(self, batch: Sequence[Parsed], group: str) -> Iterator[Sequence[Parsed]]:
        """Trace a batch, if it has traced commands. Yield it with the context of their spans in place of the sender's.

        The spans end with the block, and an error of the block is their status.
        """
        traced = {number: parent for number, one in enumerate(batch) if (parent := self._parent(one)) is not None}
        if not traced:
            yield batch
            return
        shared = {**_KAFKA, "messaging.consumer.group.name": group}
        topics = {one.record.topic for one in batch}
        with ExitStack() as stack:
            links = [Link(get_current_span(parent).get_span_context()) for parent in traced.values()][:MAX_LINKS]
            own = self._tracer.start_span(
                f"process {topics.pop()}" if len(topics) == 1 else "process",
                kind=SpanKind.CONSUMER,
                links=links,
                attributes={**shared, **_operation("process"), "messaging.batch.message_count": len(batch)},
            )
            stack.enter_context(use_span(own, end_on_exit=True))
            self._trace_poll()
            spans = {
                number: self._command_span(batch[number], parent, own, shared) for number, parent in traced.items()
            }
            for span in spans.values():
                stack.enter_context(_ended_with_block(span))
            yield [_carrying(one, spans[number]) if number in spans else one for number, one in enumerate(batch)]

    @contextmanager
    def part(self, name: str, attributes: Mapping[str, str] | None = None, *, client: bool = False) -> Iterator[None]:
        """Trace a part of the batch, such as a statement; without effect if the batch is not traced."""
        if not get_current_span().is_recording():
            yield
            return
        kind = SpanKind.CLIENT if client else SpanKind.INTERNAL
        with self._tracer.start_as_current_span(name, kind=kind, attributes=attributes):
            yield

    @contextmanager
    def publication(self, messages: Sequence[Message]) -> Iterator[set[int]]:
        """Trace the publication of messages. The block puts the positions of those that were sent into the set."""
        sent: set[int] = set()
        spans = [(message, span) for message in messages if (span := self._publishing(message)) is not None]
        try:
            yield sent
        finally:
            for message, span in spans:
                if message.position not in sent:
                    # It is held, or sent again: then it has another span.
                    span.set_status(Status(StatusCode.ERROR, "not accepted by the broker"))
                span.end()

    def traced(self, name: str, function: Callable[P, R]) -> Callable[P, R]:
        """Return the function with a span for each call."""

        def call(*arguments: P.args, **options: P.kwargs) -> R:
            with self.part(name):
                return function(*arguments, **options)

        return call

    def _trace_poll(self) -> None:
        # A batch that is decided in parts was received by one poll.
        started, self._polling_since = self._polling_since, None
        if started is not None:
            attributes = {**_KAFKA, **_operation("receive", name="poll")}
            span = self._tracer.start_span("poll", kind=SpanKind.CLIENT, start_time=started, attributes=attributes)
            span.end()

    def _parent(self, one: Parsed) -> Context | None:
        if not isinstance(one, Received) or one.traceparent is None:
            return None
        return self._context(one.traceparent, one.tracestate, self._commands)

    def _context(self, traceparent: str, tracestate: str | None, limit: _Limit) -> Context | None:
        """Return the context of a sampled trace, unless the limit is reached."""
        # To parse a context takes 6 µs, so it is done for those only that may be traced.
        if not _may_be_sampled(traceparent) or not limit.allows():
            return None
        context = _PROPAGATOR.extract({"traceparent": traceparent, "tracestate": tracestate or ""})
        return context if get_current_span(context).get_span_context().is_valid else None

    def _command_span(self, one: Parsed, parent: Context, batch: Span, shared: Mapping[str, str]) -> Span:
        assert isinstance(one, Received)  # noqa: S101  # _parent returns a context for these only
        record, command = one.record, one.command
        return self._tracer.start_span(
            f"process {record.topic}",
            context=parent,
            kind=SpanKind.CONSUMER,
            links=[Link(batch.get_span_context())],
            attributes={
                **shared,
                **_operation("process"),
                "messaging.destination.name": record.topic,
                "messaging.destination.partition.id": str(record.partition),
                "messaging.kafka.offset": record.offset,
                "messaging.message.id": command.id,
                "cloudevents.event_id": command.id,
                "cloudevents.event_source": command.source,
                "cloudevents.event_type": wire_type(command.type),
                "cloudevents.event_subject": command.subject,
            },
        )

    def _publishing(self, message: Message) -> Span | None:
        found = dict(message.extra)
        if message.aggregatetype == "dead-letter" or (raw := found.get("ce_traceparent")) is None:
            return None
        state = (found.get("ce_tracestate") or b"").decode()
        parent = self._context(raw.decode(), state, self._messages)
        if parent is None:
            return None
        return self._tracer.start_span(
            f"send {message.topic}",
            context=parent,
            kind=SpanKind.PRODUCER,
            attributes={
                **_KAFKA,
                **_operation("send"),
                "messaging.destination.name": message.topic,
                "messaging.message.id": message.id,
                "cloudevents.event_id": message.id,
                "cloudevents.event_type": message.type,
                "cloudevents.event_subject": message.aggregateid,
            },
        )


class _Limit:
    """At most `per_second` a second, and as many at once."""

    def __init__(self, per_second: int, monotonic: Callable[[], float]) -> None:
        self._per_second = per_second
        self._monotonic = monotonic
        self._left = float(per_second)
        self._at = monotonic()

    def allows(self) -> bool:
        """Return whether one more is allowed now, and count it."""
        now = self._monotonic()
        self._left = min(self._per_second, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def _operation(type_: str, name: str | None = None) -> dict[str, str]:
    return {"messaging.operation.type": type_, "messaging.operation.name": name or type_}


def _carrying(one: Parsed, span: Span) -> Parsed:
    """Return a command whose event and outcome continue the trace at this span."""
    assert isinstance(one, Received)  # noqa: S101  # only commands have spans
    carrier: dict[str, str] = {}
    with use_span(span):
        _PROPAGATOR.inject(carrier)
    return replace(one, traceparent=carrier["traceparent"], tracestate=carrier.get("tracestate"))


@contextmanager
def _ended_with_block(span: Span) -> Iterator[None]:
    """End the span with the block; an error of the block is its status."""
    try:
        yield
    except BaseException as error:
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        raise
    finally:
        span.end()
