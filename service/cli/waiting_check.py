"""The check of waiting commands in `doctor`."""

from service.cli.check import Check
from service.cli.outbox_text import counted
from service.store.waiting_store import WaitingOverview

LATE_SECONDS = 60.0
"""The time after a deadline from which the state is "note". A running process decides within two seconds."""


def check(seen: WaitingOverview) -> Check:
    """Return the result of the check: "note" if a command is still there long after its deadline."""
    if seen.next_seconds is None:
        return Check("waiting", "ok", "no command waits for a reference")
    finding = f"{counted(seen.commands, 'command')} waiting for references, the oldest for {seen.oldest_seconds:.0f} s"
    late = -seen.next_seconds
    if late > LATE_SECONDS:
        advice = "check that a process with the role consumers is running and can write to the database"
        return Check("waiting", "note", f"{finding}; the first deadline was {late:.0f} s ago", advice)
    return Check("waiting", "ok", finding)
