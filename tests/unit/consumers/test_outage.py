"""The times at which refused messages are held while no partition accepts any, which may be an outage."""

import itertools

import pytest

from consumers.relay.outage import FIRST_SECONDS, MOST_SECONDS, OutageDetector
from consumers.relay.refusal import Kind, Refusal

START = 1000.0


def late(since: float = START) -> dict[int, Refusal]:
    return {1: Refusal("partition", "NOT_ENOUGH_REPLICAS", since)}


def holds(outage: OutageDetector, seconds: float) -> list[float]:
    """Return the times at which a message is held that is refused all the time."""
    moments = [START + step / 4 for step in range(int(seconds * 4))]
    return [now for now in moments if outage.confirmed(late(), now)]


def test_refusals_are_confirmed_after_growing_waits_when_nothing_is_accepted() -> None:
    times = holds(OutageDetector(), 400.0)
    assert times[0] == START + FIRST_SECONDS
    # The next wait begins with the next refusal.
    waits = [after - before - 0.25 for before, after in itertools.pairwise(times)]
    assert waits == [2 * FIRST_SECONDS, 4 * FIRST_SECONDS, *[MOST_SECONDS] * 5]


def test_a_refusal_is_confirmed_at_once_when_a_message_was_accepted_after_its_start() -> None:
    outage = OutageDetector()
    assert not outage.confirmed(late(), START + 1)
    outage.accepted(START + 2)
    assert outage.confirmed(late(), START + 3) == late()
    assert not outage.confirmed(late(since=START + 4), START + 5), "nothing was accepted after these"


def test_the_wait_starts_again_when_a_message_was_accepted() -> None:
    outage = OutageDetector()
    holds(outage, 200.0)
    outage.accepted(START + 200)
    refused = late(since=START + 201)
    assert not outage.confirmed(refused, START + 202)
    assert outage.confirmed(refused, START + 202 + FIRST_SECONDS) == refused


@pytest.mark.parametrize("kind", ["topic", "record"])
def test_a_topic_or_a_record_that_is_refused_does_not_make_an_outage_a_refusal(kind: Kind) -> None:
    other = {2: Refusal(kind, "NO")}
    assert OutageDetector().confirmed({**late(), **other}, START) == other
    assert OutageDetector().confirmed({}, START) == {}


def test_an_old_refusal_of_one_partition_does_not_make_an_outage_a_refusal() -> None:
    outage = OutageDetector()
    outage.accepted(START + 100)
    old, new = late(), {2: Refusal("partition", "NOT_ENOUGH_REPLICAS", START + 101)}
    assert outage.confirmed({**old, **new}, START + 102) == old
