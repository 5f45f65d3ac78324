"""The check of the outbox in `doctor`."""

from collections.abc import Sequence

from service.cli.check import Check
from service.cli.outbox_text import counted
from service.store.held_store import CORRUPT
from service.store.outbox_listing import Overview, Reason
from service.store.outbox_store import COUNTED_FRAMES

LONG_SECONDS = 60.0
"""The age of the oldest message from which the state is "note". A running relay publishes within two seconds."""

SHOWN = 5


def check(seen: Overview) -> Check:
    """Return the result of the check: "bad" if rows are held, "note" if the oldest message has waited too long."""
    reported = [_waiting(seen)]
    held = [reason for reason in seen.held if not reason.reason.startswith(CORRUPT)]
    corrupt = [reason for reason in seen.held if reason.reason.startswith(CORRUPT)]
    for state, reasons in (("held", held), ("quarantined", corrupt)):
        if reasons:
            reported.append(f"{state}: {_listed(reasons)}")
    if seen.is_partial:
        reported.append(f"at most {COUNTED_FRAMES:,} rows are counted")
    if seen.held:
        advice = "see `producer-registry outbox list --held` and RegistryMessagesHeld in the runbook"
        return Check("outbox", "bad", "; ".join(reported), advice)
    finding = "; ".join([*reported, "no held messages"])
    if seen.oldest_seconds > LONG_SECONDS:
        return Check("outbox", "note", finding, "check that a relay is running and can reach the broker")
    return Check("outbox", "ok", finding)


def _waiting(seen: Overview) -> str:
    if seen.messages == 0:
        return "no unpublished messages"
    return f"{counted(seen.messages, 'unpublished message')}, the oldest for {seen.oldest_seconds:.0f} s"


def _listed(reasons: Sequence[Reason]) -> str:
    shown = [f"{counted(one.messages, 'message')} for {one.topic} ({one.reason})" for one in reasons[:SHOWN]]
    if len(reasons) > SHOWN:
        shown.append(f"and {len(reasons) - SHOWN} more")
    return ", ".join(shown)
