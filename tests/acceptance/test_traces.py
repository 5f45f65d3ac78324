"""One trace leads from the command of a sender to its event, through the processes that handle it."""

from tests.support.collector import CollectedSpan, Collector, collecting
from tests.support.registry import Out, Registry
from tests.support.wait import eventually

TRACE, SENDER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = f"00-{TRACE}-{SENDER}-01"
ROLE = {"displayName": "Producer"}


async def spans_when(collector: Collector, count: int, name: str) -> list[CollectedSpan]:
    """Wait until the trace of the sender has this many spans whose names begin with a text."""
    await eventually(lambda: len(collector.of(TRACE, name)) >= count, what=f"{count} spans {name}: {collector.spans}")
    return collector.of(TRACE, name)


def context(out: Out) -> tuple[str, str]:
    """Return the trace and the span of a published message."""
    _, trace, span, flags = out.text["ce_traceparent"].split("-")
    assert flags == "01"
    return trace, span


async def test_a_trace_leads_from_the_command_to_its_event_and_its_outcome(registry: Registry) -> None:
    with collecting() as collector:
        service = await registry.started(traces_endpoint=collector.url)
        outcome = await registry.accepted("role.put", "producer", ROLE, id="1", traceparent=SAMPLED)
        [event] = await registry.events_when("producer", 1)
        sent = await spans_when(collector, 2, "send ")
        [processed] = await spans_when(collector, 1, "process ")
        assert processed.parent == SENDER
        assert processed.attributes["messaging.message.id"] == "1"
        assert context(event) == context(outcome) == (TRACE, processed.id)
        assert {span.parent for span in sent} == {processed.id}
        assert {span.name for span in sent} == {
            f"send {registry.topics.directory_events}",
            f"send {registry.topics.outcomes}",
        }
        [batch] = [span for span in collector.spans if span.links == {SENDER}]
        assert batch.id in processed.links
        parts = [span for span in collector.spans if span.parent == batch.id]
        assert {"poll", "decide", "BEGIN", "WITH", "COMMIT"} <= {span.name for span in parts}
        texts = [str(span.attributes.get("db.query.text")) for span in parts]
        [end] = [text for text in texts if "INSERT INTO inbox (" in text]
        assert "INSERT INTO outbox_frame" in end
        [commit] = [span for span in parts if span.name == "COMMIT"]
        assert commit.attributes["db.system.name"] == "postgresql"

        # The sender of this command does not trace it.
        await registry.accepted("role.put", "viewer", ROLE, id="2", traceparent=f"{SAMPLED[:-2]}00")
        assert await service.stop() == 0, service.last_lines()
        assert len({span.trace for span in collector.spans}) == 2


async def test_the_trace_goes_on_in_another_process_after_a_kill(registry: Registry) -> None:
    with collecting() as collector:
        killed = await registry.started(
            "--role", "consumers", failpoints="after_commit=kill", traces_endpoint=collector.url
        )
        await registry.command("role.put", "producer", ROLE, id="1", traceparent=SAMPLED)
        await eventually(lambda: not killed.alive, what="the end of the killed process")
        await registry.started("--role", "relay", traces_endpoint=collector.url)
        [event] = await registry.events_when("producer", 1)
        [of_event, of_outcome] = await spans_when(collector, 2, "send ")
        assert {of_event.parent, of_outcome.parent} == {context(event)[1]}
        assert context(event)[0] == TRACE
        # The span of the killed process is lost, but it is in the trace.
        assert context(event)[1] != SENDER


async def test_a_collector_that_is_away_delays_nothing(registry: Registry) -> None:
    with collecting() as collector:
        away = collector.url
    service = await registry.started(traces_endpoint=away)
    await registry.accepted("role.put", "producer", ROLE, id="1", traceparent=SAMPLED)
    assert await service.stop() == 0, service.last_lines()
