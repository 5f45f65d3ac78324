"""What `doctor` says about the outbox."""

from collections.abc import Sequence

from service.cli.check import Check
from service.cli.outbox_text import counted
from service.store.held_store import CORRUPT
from service.store.outbox_listing import Overview, Reason
from service.store.outbox_store import COUNTED_FRAMES

LONG_SECONDS = 60.0
"""Messages that wait so long are worth a note; a running relay publishes them within a second or two."""

SHOWN = 5


def check(seen: Overview) -> Check:
    """Judge what waits and what is held."""
    reported = [_waiting(seen)]
    held = [reason for reason in seen.held if not reason.reason.startswith(CORRUPT)]
    corrupt = [reason for reason in seen.held if reason.reason.startswith(CORRUPT)]
    for state, reasons in (("held", held), ("quarantined", corrupt)):
        if reasons:
            reported.append(f"{state}: {_listed(reasons)}")
    if seen.is_partial:
        reported.append(f"no more than {COUNTED_FRAMES:,} rows are counted")
    if seen.held:
        advice = "see `producer-registry outbox list --held`, and the runbook under RegistryMessagesHeld"
        return Check("outbox", "bad", "; ".join(reported), advice)
    finding = "; ".join([*reported, "nothing is held"])
    if seen.oldest_seconds > LONG_SECONDS:
        return Check("outbox", "note", finding, "does a relay run, and does it reach the broker?")
    return Check("outbox", "ok", finding)


def _waiting(seen: Overview) -> str:
    if seen.messages == 0:
        return "no message waits"
    verb = "waits" if seen.messages == 1 else "wait"
    return f"{counted(seen.messages, 'message')} {verb}, the oldest for {seen.oldest_seconds:.0f} s"


def _listed(reasons: Sequence[Reason]) -> str:
    shown = [f"{counted(one.messages, 'message')} for {one.topic} ({one.reason})" for one in reasons[:SHOWN]]
    if len(reasons) > SHOWN:
        shown.append(f"and {len(reasons) - SHOWN} more")
    return ", ".join(shown)
