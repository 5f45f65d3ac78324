"""The check of the outbox in `doctor`."""

from dataclasses import replace

from consumers.relay.chunk import Chunk
from service.cli.outbox_check import check
from service.store.held_store import CORRUPT
from service.store.outbox_listing import Overview, Reason
from tests.support.outbox import frame, message

EMPTY = Overview(0, 0.0, (), is_partial=False)


def test_the_state_is_ok_while_messages_wait_for_a_short_time() -> None:
    assert check(EMPTY).finding == "no unpublished messages; no held messages"
    assert check(replace(EMPTY, messages=1, oldest_seconds=59.9)).state == "ok"


def test_an_incomplete_count_is_reported() -> None:
    assert check(replace(EMPTY, messages=7, is_partial=True)).finding == (
        "7 unpublished messages, the oldest for 0 s; at most 10,000 rows are counted; no held messages"
    )


def test_a_long_list_of_topics_is_cut() -> None:
    held = tuple(Reason(f"t{number}", "X", 1, 1) for number in range(8))
    result = check(replace(EMPTY, held=held))
    assert result.state == "bad"
    assert result.finding.endswith("1 message for t4 (X), and 3 more")


def test_a_quarantined_frame_is_reported_as_quarantined() -> None:
    [bad] = Chunk([replace(frame(message(1)), value=b"x")], set()).corrupt
    assert bad.reason.startswith(CORRUPT)
    result = check(replace(EMPTY, held=(Reason(bad.frame.topic, bad.reason, 1, 1),)))
    assert result.finding.endswith("quarantined: 1 message for registry.directory.events.v1 (" + bad.reason + ")")
