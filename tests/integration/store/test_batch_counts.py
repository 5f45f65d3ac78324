"""What the real store counts in a batch: each decided command once, by type and outcome, and rejections by source."""

from service.store.command_store import CommandStore
from tests.support import scenario
from tests.support.record import Log

GROUP = {"type": "region", "value": "N", "distributor_id": "o"}


async def test_decided_commands_are_counted_and_repeats_and_dead_letters_are_not(command_store: CommandStore) -> None:
    await command_store.apply(scenario.directory().read())
    log, other = Log(), Log(partition=1, source="/other")
    scenario.create_user(log, "u1", "user-1")
    scenario.create_user(log, "u1", "user-1")
    scenario.create_user(log, "u2", "user-1")
    log.send("g1", "group.update", "nobody", GROUP)
    log.append(b"key", b"{", ())
    other.send("g1", "group.update", "nobody", {})
    other.send("g2", "group.update", "nobody", {})

    applied = await command_store.apply([*log.read(), *other.read()])

    assert applied.outcomes == {
        ("user.create", "accepted"): 1,
        ("user.create", "unchanged"): 1,
        ("group.update", "rejected"): 3,
    }
    rejected = dict.fromkeys((source for source, _ in applied.rejections), 0)
    for (source, _), count in applied.rejections.items():
        rejected[source] += count
    assert rejected == {"/upstream": 1, "/other": 2}
    assert {code for _, code in applied.rejections} <= {"invalid", "not-found"}
    assert sum(applied.outcomes.values()) == applied.decided
    again = await command_store.apply([*log.read(0)], after=None)
    assert (again.skipped, again.outcomes, again.rejections) == (5, {}, {})
