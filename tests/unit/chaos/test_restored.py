"""The checker of a history whose database lost transactions: the lost messages stay in the topics."""

from dataclasses import replace

import pytest

from service.contract.message import Message
from service.contract.snapshot import Held, association_message, state_message
from service.contract.topics import Topics
from service.core.world import World
from service.store.position import BLOCK, EPOCH
from tests.support.checker.evidence import Evidence, Seen
from tests.support.checker.restored import epoch_of
from tests.support.checker.verdict import check
from tests.unit.chaos.perfect import TIME, Log, history, perfect

TOPICS = Topics("check")
RAISED = BLOCK * EPOCH


def snapshots(world: World, position: int) -> list[Message]:
    """Return what `resend` publishes for these states."""
    messages: list[Message] = []
    for kind in ("organizations", "branches", "roles", "products", "codes", "groups", "users"):
        for state in getattr(world, kind).values():
            messages.append(state_message(state, "run", position + len(messages), TIME, TOPICS))
    for kind, owners in (("group_associations", world.groups), ("user_associations", world.users)):
        for (owner, code), association in getattr(world, kind).items():
            held = Held(association, world.codes[code].code, owners[owner].version)
            messages.append(association_message(held, "run", position + len(messages), TIME, TOPICS))
    return messages


def raised(seen: Seen) -> Seen:
    """Return the same message in the next epoch, at the end of its partition."""
    sequence = b"%020d" % (seen.sequence + RAISED)
    headers = tuple((name, sequence if name == "ce_sequence" else value) for name, value in seen.headers)
    return replace(seen, offset=seen.offset + 10_000, headers=headers)


@pytest.fixture
def evidence() -> Evidence:
    """Half of a history is lost, and decided again in the next epoch with the same result; then all is resent."""
    sent = history(7, TOPICS)
    kept = perfect(sent[: len(sent) // 2], TOPICS)
    whole = perfect(sent, TOPICS)
    assert whole.database is not None
    last = max(seen.sequence for seen in (*kept.outcomes, *kept.events))
    log = Log()
    for message in snapshots(whole.database.world, 2 * 10**6 + RAISED):
        log.append(message.topic, message.key, message.payload, message.headers)
    resent = [seen for topic in TOPICS.events.values() for seen in log.records[topic]]
    return replace(
        whole,
        outcomes=[*whole.outcomes, *(raised(seen) for seen in whole.outcomes if seen.sequence > last)],
        events=[
            *whole.events,
            *(raised(seen) for seen in whole.events if seen.sequence > last),
            *(replace(seen, offset=seen.offset + 100_000) for seen in resent),
        ],
        restored=kept.database,
    )


def kinds(evidence: Evidence) -> set[str]:
    """Return the kinds of violations that the checker finds."""
    return {violation.kind for violation in check(evidence).violations}


def last_of_epoch(evidence: Evidence, epoch: int) -> int:
    """Return the index of the last event of an epoch that is not a snapshot."""
    return max(
        index
        for index, seen in enumerate(evidence.events)
        if epoch_of(seen) == epoch and not seen.need("ce_type").endswith("snapshot.v1")
    )


def test_lost_messages_are_no_violation(evidence: Evidence) -> None:
    assert {epoch_of(seen) for seen in evidence.events} == {0, 1}
    verdict = check(evidence)
    assert not verdict.violations, str(verdict)


def test_a_sequence_that_goes_back_is_found(evidence: Evidence) -> None:
    index = last_of_epoch(evidence, 1)
    seen = evidence.events[index]
    headers = tuple((name, b"%020d" % 1 if name == "ce_sequence" else value) for name, value in seen.headers)
    evidence.events[index] = replace(seen, headers=headers)
    assert "sequence went back" in kinds(evidence)


def test_an_id_that_two_contents_share_is_found_also_when_one_of_them_was_lost(evidence: Evidence) -> None:
    index = last_of_epoch(evidence, 0)
    seen = evidence.events[index]
    evidence.events[index] = replace(seen, value=(seen.value or b"").replace(b"{", b"{ ", 1))
    assert kinds(evidence) == {"shared id"}


def test_a_subscriber_with_another_state_is_found(evidence: Evidence) -> None:
    evidence.events = [seen for seen in evidence.events if not seen.need("ce_type").endswith("role.snapshot.v1")]
    assert kinds(evidence) == {"state"}


def test_an_outcome_that_is_missing_in_the_new_epoch_is_found(evidence: Evidence) -> None:
    index = next(i for i, seen in enumerate(evidence.outcomes) if epoch_of(seen) == 1)
    del evidence.outcomes[index]
    assert {"lost outcome", "lost answer"} & kinds(evidence)
