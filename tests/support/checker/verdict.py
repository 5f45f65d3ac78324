"""All checks, and the counts of checked records."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.checker.dead_letter import check_dead_letters, place_of
from tests.support.checker.event import check_events
from tests.support.checker.evidence import Evidence, Violation
from tests.support.checker.model import replay
from tests.support.checker.observed import HttpAnswers, check_observed
from tests.support.checker.outcome import check_outcomes
from tests.support.checker.restored import check_published, check_subscriber, surviving
from tests.support.checker.state import check_state
from tests.support.checker.state_topic import check_state_topics, unexplained_copies
from tests.support.checker.waiting import check_waiting
from tests.support.checker.write import check_writes


@dataclass(frozen=True, slots=True)
class Verdict:
    """The violations, and counts: records and distinct commands of the log, statuses, raw duplicates by topic kind.

    A raw duplicate is a second copy of a message (same id, same position). It is allowed only after a fault, except the
    state records that a relay sends again (`unexplained_copies`), which are not counted.
    """

    violations: list[Violation]
    records: int
    commands: int
    statuses: dict[str, int]
    events: int
    dead_letters: int
    duplicates: dict[str, int]

    def __str__(self) -> str:
        counted = f"{self.records} records, {self.commands} commands {self.statuses}, {self.events} events, "
        counted += f"{self.dead_letters} dead letters, raw duplicates {self.duplicates}"
        shown = [f"  {violation}" for violation in self.violations[:25]]
        more = len(self.violations) - len(shown)
        if more:
            shown.append(f"  and {more} more")
        return "\n".join([counted, f"{len(self.violations)} violations", *shown])


def check(evidence: Evidence, observed: HttpAnswers | None = None) -> Verdict:
    """Return every violation in the evidence and in the HTTP answers at the end. A pure function."""
    complete = evidence
    if evidence.restored is not None:
        evidence = surviving(evidence, evidence.restored)
    model = replay(evidence)
    violations = [
        *check_published(complete),
        *(check_subscriber(complete, model) if complete.restored is not None else ()),
        *_lost_records(evidence),
        *model.violations,
        *check_outcomes(evidence, model),
        *check_waiting(evidence, model),
        *check_events(evidence, model),
        *check_dead_letters(evidence, model),
        *check_state(evidence, model),
        *check_state_topics(complete, model),
        *check_writes(evidence, model),
        *(check_observed(observed, model) if observed is not None else ()),
    ]
    statuses: dict[str, int] = {}
    for logged in model.commands.values():
        status = "none" if logged.decision is None else logged.decision.status
        statuses[status] = statuses.get(status, 0) + 1
    outcomes = {(seen.need("ce_id"), seen.sequence) for seen in evidence.outcomes}
    events = {(seen.need("ce_id"), seen.sequence) for seen in evidence.events}
    letters = {place_of(seen) for seen in evidence.dead_letters}
    return Verdict(
        violations=violations,
        records=len(evidence.commands),
        commands=len(model.commands),
        statuses=statuses,
        events=len(events),
        dead_letters=len(letters),
        duplicates={
            "outcomes": len(evidence.outcomes) - len(outcomes),
            "events": len(evidence.events) - len(events),
            "states": unexplained_copies(complete.states),
            "dead letters": len(evidence.dead_letters) - len(letters),
        },
    )


def _lost_records(evidence: Evidence) -> Iterator[Violation]:
    """Check that acknowledged records are at their acknowledged position, unchanged: other checks depend on that."""
    log = {seen.place: seen for seen in evidence.commands}
    for sent in evidence.sent:
        if sent.place is None:
            continue
        seen = log.get(sent.place)
        if seen is None or (seen.key, seen.value, seen.headers) != (sent.key, sent.value, sent.headers):
            yield Violation("lost by the broker", f"{sent.place} {sent.description}")
