"""The cost of the state topics: the service with and without them in turns, on the same load."""

from dataclasses import replace

from tests.load.contender import OURS, Load
from tests.load.report import Section
from tests.load.servers import BrokerName, Servers
from tests.load.write import Rounds, turn_of

WITH = replace(OURS, name="with state topics", settings={"REGISTRY_STATE_TOPICS": "true"})
WITHOUT = replace(OURS, name="without state topics", settings={"REGISTRY_STATE_TOPICS": "false"})


async def states(servers: Servers, load: Load, rounds: int, broker: BrokerName) -> Section:
    """Measure the CPU time per command with and without state topics."""
    taken = Rounds()
    turns = {who.name: turn_of(servers, who, load, broker) for who in (WITHOUT, WITH)}
    await taken.take_turns(turns, rounds)
    section = taken.section(f"State topics, {load.codes:,} codes, broker {broker}", WITHOUT.name)
    own = [
        [more - less for less, more in zip(*(taken.cpu(who.name, name).rounds for who in (WITHOUT, WITH)), strict=True)]
        for name in ("process", "PostgreSQL", "broker")
    ]
    section.remarks = [
        "goal: at most 10 µs of CPU per command for process and PostgreSQL together",
        "difference per round: "
        + "; ".join(
            f"process {process:.1f}, PostgreSQL {database:.1f}, broker {log:.1f}"
            for process, database, log in zip(*own, strict=True)
        ),
    ]
    return section
