"""Each repeat of a command within a batch gets the outcome of its own first time."""

from tests.support import scenario
from tests.support.memory_store import MemoryStore
from tests.support.record import Log


async def test_every_repeat_has_the_outcome_of_its_own_command_when_several_are_repeated_in_turns() -> None:
    store, log = MemoryStore(), Log()
    await store.apply(scenario.directory().read())
    for id_ in ("c1", "c1", "c2", "c2", "c1", "c3", "c3", "c2"):
        scenario.create_group(log, id_, f"group-{id_}")

    outcomes = [m for m in (await store.apply(log.read())).messages if m.aggregatetype == "outcome"]

    first = {message.aggregateid: message for message in outcomes[::-1]}
    asked = [f"group-{id_}" for id_ in ("c1", "c1", "c2", "c2", "c1", "c3", "c3", "c2")]
    assert [message.payload for message in outcomes] == [first[subject].payload for subject in asked]
    assert len({message.payload for message in first.values()}) == 3
