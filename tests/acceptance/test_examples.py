"""The examples of a sender and of a subscriber work with a real registry, and survive a kill at any point."""

import asyncio
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from tests.support.example import States, copied, registered, send, subscriber
from tests.support.registry import Registry
from tests.support.wait import eventually

ORGANIZATION = {"displayName": "ACV Property Insurance", "insurer": True}
ROUNDS = 6
KEPT_PER_ROUND = 4
"""States that a round leaves: a code, a group, a user, and the association of the user with the code."""


def command(id_: str, type_: str, subject: str, data: dict[str, Any], key: str = "pc:4") -> dict[str, Any]:
    return {"id": id_, "type": type_, "subject": subject, "key": key, "data": data}


DIRECTORY = [
    command("d1", "organization.put", "pc:4", ORGANIZATION),
    command("d2", "role.put", "producer", {"displayName": "Producer"}, key="producer"),
]


def changes(number: int) -> list[dict[str, Any]]:
    """Return the commands of a round: new objects and associations, and the end of an association of the round."""
    code, group, user = f"pc:{number}0", f"pc:{number}1", f"pc:{number}2"
    text = {"code": f"301-{number}", "organization": {"id": "pc:4"}, "roles": [{"id": "producer"}]}
    person = {"name": f"User {number}", "email": f"u{number}@example.com", "organization": {"id": "pc:4"}}
    bodies: list[tuple[str, str, dict[str, Any]]] = [
        ("producer-code.create", code, text),
        ("group.create", group, {"type": "region", "value": "West", "distributor_id": "pc:4"}),
        ("user.create", user, person),
        ("group.add-producer-code", group, {"producerCode": {"id": code}}),
        ("user.add-producer-code", user, {"producerCode": {"id": code}}),
        ("group.remove-producer-code", group, {"producerCode": {"id": code}}),
        ("producer-code.update", code, {"description": f"Round {number}"}),
    ]
    return [command(f"{number}-{place}", *body) for place, body in enumerate(bodies)]


async def test_a_sender_gets_its_outcomes_again_when_it_repeats_its_commands(registry: Registry) -> None:
    await registry.started()
    unknown = command("x", "group.create", "pc:99", {"type": "region", "value": "West", "distributor_id": "pc:98"})
    first = await send(registry, [*DIRECTORY, unknown])
    assert first[0] == 1, first
    lines = sorted(first[1].splitlines())
    assert lines[:2] == ['d1 accepted ""', 'd2 accepted ""']
    assert lines[2].startswith("x rejected")
    assert '"reference-not-found"' in lines[2]
    again = await send(registry, [*DIRECTORY, unknown])
    assert (again[0], sorted(again[1].splitlines())) == (1, lines)


def count(states: States) -> int:
    """Return the number of all states."""
    return sum(map(len, states.values()))


def reached(copy: Path, target: int) -> bool:
    """Return whether the copy has this many states."""
    return count(copied(copy)) >= target


async def test_a_subscriber_that_is_killed_at_any_point_has_the_state_of_the_registry(
    registry: Registry, tmp_path: Path, seed: str
) -> None:
    random, copy = Random(seed), tmp_path / "copy.sqlite"
    await registry.started()
    assert (await send(registry, DIRECTORY))[0] == 0
    for number in range(1, ROUNDS):
        async with subscriber(registry, copy):
            sending = asyncio.create_task(send(registry, changes(number)))
            # The block ends with a kill, wherever the subscriber is then. The target is at most what the round leaves:
            # a state that the round ends again may come and go within one batch of the subscriber.
            target = random.randint(count(copied(copy)), len(DIRECTORY) + number * KEPT_PER_ROUND)
            await eventually(partial(reached, copy, target), what=f"{target} states in the copy")
        assert (await sending)[0] == 0
    async with subscriber(registry, copy) as process:

        async def is_equal() -> bool:
            assert process.returncode is None
            return copied(copy) == await registered(registry)

        await eventually(is_equal, deadline=60, what="the state of the registry in the copy")
    assert len(copied(copy)["producerCode"]) == ROUNDS - 1
    assert count(copied(copy)) == len(DIRECTORY) + (ROUNDS - 1) * KEPT_PER_ROUND
    assert copied(copy).keys() >= {"userProducerCode", "group", "user", "organization", "role"}
    assert "groupProducerCode" not in copied(copy)


async def test_a_subscriber_names_the_topics_that_are_missing(registry: Registry, tmp_path: Path) -> None:
    registry.settings["topic_prefix"] = "nowhere"
    async with subscriber(registry, tmp_path / "copy.sqlite") as process:
        _, err = await process.communicate()
    assert process.returncode == 1
    assert "these topics do not exist or may not be read: nowhere.code.state.v1" in err.decode()
