"""The check of waiting commands in `doctor`."""

from service.cli.waiting_check import check
from service.store.waiting_store import WaitingOverview


def test_waiting_commands_are_counted_with_the_age_of_the_oldest() -> None:
    assert check(WaitingOverview(0, 0.0, None)).finding == "no command waits for a reference"
    one = check(WaitingOverview(1, 12.4, 30.0))
    assert (one.state, one.finding) == ("ok", "1 command waiting for references, the oldest for 12 s")
    assert check(WaitingOverview(2, 60.0, -59.0)).state == "ok"


def test_a_command_that_is_still_there_long_after_its_deadline_is_a_note() -> None:
    late = check(WaitingOverview(2, 160.0, -61.0))
    assert late.state == "note"
    assert late.finding == "2 commands waiting for references, the oldest for 160 s; the first deadline was 61 s ago"
    assert "role consumers" in late.advice
