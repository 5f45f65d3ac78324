"""What `doctor` says about the outbox."""

from dataclasses import replace

from consumers.relay.chunk import Chunk
from service.cli.outbox_check import check
from service.store.held_store import CORRUPT
from service.store.outbox_listing import Overview, Reason
from tests.support.outbox import frame, message

EMPTY = Overview(0, 0.0, (), is_partial=False)


def test_it_is_ok_while_messages_wait_for_a_moment() -> None:
    assert check(EMPTY).finding == "no message waits; nothing is held"
    assert check(replace(EMPTY, messages=1, oldest_seconds=59.9)).state == "ok"


def test_it_says_when_not_all_is_counted() -> None:
    assert check(replace(EMPTY, messages=7, is_partial=True)).finding == (
        "7 messages wait, the oldest for 0 s; no more than 10,000 rows are counted; nothing is held"
    )


def test_a_long_list_of_topics_is_cut() -> None:
    held = tuple(Reason(f"t{number}", "X", 1, 1) for number in range(8))
    found = check(replace(EMPTY, held=held))
    assert found.state == "bad"
    assert found.finding.endswith("1 message for t4 (X), and 3 more")


def test_what_a_relay_quarantines_is_reported_as_quarantined() -> None:
    [bad] = Chunk([replace(frame(message(1)), value=b"x")], set()).corrupt
    assert bad.reason.startswith(CORRUPT)
    found = check(replace(EMPTY, held=(Reason(bad.frame.topic, bad.reason, 1, 1),)))
    assert found.finding.endswith("quarantined: 1 message for registry.directory.events.v1 (" + bad.reason + ")")
