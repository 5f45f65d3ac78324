"""Traces continue from the context of a command to that of its event, and to the publication of the event."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from service.contract.header import Headers
from service.contract.message import Message
from service.contract.record import Parsed, Received
from service.tracing import MAX_LINKS, Tracing
from tests.unit.contract.support import binary, parsed, raw

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = f"00-{TRACE}-{SPAN}-01"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Traced:
    """A tracing with its finished spans."""

    def __init__(self, per_second: int = 100) -> None:
        self.clock = Clock()
        self._exporter = InMemorySpanExporter()
        self._provider = TracerProvider(shutdown_on_exit=False)
        self._provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracing = Tracing(self._provider, per_second, self.clock)

    def close(self) -> None:
        self._provider.shutdown()

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        return self._exporter.get_finished_spans()

    def one(self, name: str, kind: SpanKind) -> ReadableSpan:
        [found] = [span for span in self.spans if span.name == name and span.kind == kind]
        return found


@pytest.fixture
def traced() -> Iterator[Traced]:
    one = Traced()
    yield one
    one.close()


def command(number: int = 1, traceparent: str | None = SAMPLED, tracestate: str | None = None) -> Parsed:
    return parsed(binary(id=f"c-{number}", traceparent=traceparent, tracestate=tracestate))


def message(position: int, traceparent: str | None = SAMPLED) -> Message:
    extra: Headers = [] if traceparent is None else [("ce_traceparent", traceparent.encode())]
    return Message(
        "event-1", "user", "pc:310", "producer-registry.user.updated.v1", "user.events", b"k", b"{}", extra, 3, position
    )


def traceparent(one: Parsed) -> str | None:
    assert isinstance(one, Received)
    return one.traceparent


def identifiers(span: ReadableSpan) -> tuple[str, str]:
    assert span.context is not None
    return f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}"


def test_the_span_of_a_command_is_a_child_of_its_sender_and_the_parent_of_its_event(traced: Traced) -> None:
    with traced.tracing.batch([command(tracestate="vendor=1")], "group") as carrying:
        [carried] = carrying
    own, of_command = sorted(traced.spans, key=lambda span: span.parent is not None)
    assert own.parent is None
    assert of_command.parent is not None
    assert (of_command.parent.trace_id, of_command.parent.span_id) == (int(TRACE, 16), int(SPAN, 16))
    assert identifiers(of_command)[0] == TRACE
    assert traceparent(carried) == f"00-{TRACE}-{identifiers(of_command)[1]}-01"
    assert isinstance(carried, Received)
    assert carried.tracestate == "vendor=1"
    assert of_command.name == own.name == "process registry.commands.v1"
    assert dict(of_command.attributes or {}) == {
        "messaging.system": "kafka",
        "messaging.consumer.group.name": "group",
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.destination.name": "registry.commands.v1",
        "messaging.destination.partition.id": "3",
        "messaging.kafka.offset": 17,
        "messaging.message.id": "c-1",
        "cloudevents.event_id": "c-1",
        "cloudevents.event_source": "/agency-management",
        "cloudevents.event_type": "producer-registry.user.update.v1",
        "cloudevents.event_subject": "pc:310",
    }
    assert [link.context for link in own.links] == [of_command.parent]
    assert [link.context for link in of_command.links] == [own.context]


def test_all_other_records_stay_as_they_are(traced: Traced) -> None:
    others = [
        command(1, None),
        command(2, f"00-{TRACE}-{SPAN}-00"),
        command(3, "not a traceparent"),
        parsed(raw(b"not a command")),
    ]
    with traced.tracing.batch(others, "group") as carrying:
        assert carrying is others
    assert not traced.spans
    with traced.tracing.batch([*others, command(4)], "group") as carrying:
        assert carrying[:4] == others
    assert len(traced.spans) == 2


def test_the_parts_of_a_batch_are_children_of_its_span(traced: Traced) -> None:
    traced.tracing.polling()
    with traced.tracing.batch([command()], "group"):
        with traced.tracing.part("SELECT", {"db.query.text": "SELECT 1"}, client=True):
            pass
        assert traced.tracing.traced("decide", lambda text: text * 2)("a") == "aa"
    [own] = [span for span in traced.spans if span.name.startswith("process") and span.parent is None]
    parts = {span.name: span for span in traced.spans if span.parent == own.context}
    assert parts.keys() == {"poll", "SELECT", "decide"}
    assert (parts["SELECT"].kind, parts["decide"].kind) == (SpanKind.CLIENT, SpanKind.INTERNAL)
    assert parts["poll"].attributes is not None
    assert parts["poll"].attributes["messaging.operation.type"] == "receive"
    # The second part of a batch that is halved was received by the same poll.
    with traced.tracing.batch([command()], "group"):
        pass
    assert len([span for span in traced.spans if span.name == "poll"]) == 1


def test_a_part_outside_of_a_traced_batch_has_no_span(traced: Traced) -> None:
    with traced.tracing.part("SELECT"):
        pass
    assert not traced.spans


def test_an_error_is_the_status_of_all_spans_of_the_batch(traced: Traced) -> None:
    with pytest.raises(ValueError, match="broken"), traced.tracing.batch([command()], "group"):
        raise ValueError("broken")
    assert {span.status.is_ok for span in traced.spans} == {False}
    assert len(traced.spans) == 2


def test_the_numbers_of_commands_and_links_are_bounded() -> None:
    traced = Traced(per_second=MAX_LINKS + 2)
    with traced.tracing.batch([command(number) for number in range(MAX_LINKS + 10)], "group") as carrying:
        assert [traceparent(one) == SAMPLED for one in carrying].count(False) == MAX_LINKS + 2
        assert all(traceparent(one) == SAMPLED for one in carrying[-8:])
    [own] = [span for span in traced.spans if span.parent is None]
    assert len(own.links) == MAX_LINKS
    with traced.tracing.batch([command()], "group") as carrying:
        assert traceparent(carrying[0]) == SAMPLED
    traced.clock.now += 0.5
    with traced.tracing.batch([command()], "group") as carrying:
        assert traceparent(carrying[0]) != SAMPLED
    traced.close()


def test_a_published_message_continues_the_trace(traced: Traced) -> None:
    dead = replace(message(9), aggregatetype="dead-letter")
    with traced.tracing.publication([message(7), message(8), message(10, None), dead]) as sent:
        sent.add(7)
    accepted, refused = sorted(traced.spans, key=lambda span: not span.status.is_ok)
    assert accepted.name == refused.name == "send user.events"
    assert accepted.kind == SpanKind.PRODUCER
    assert accepted.parent is not None
    assert accepted.parent.span_id == int(SPAN, 16)
    assert identifiers(accepted)[0] == TRACE
    assert not refused.status.is_ok
    assert refused.status.description == "not accepted by the broker"
