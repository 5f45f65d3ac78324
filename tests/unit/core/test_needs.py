"""The states that the decisions of a batch need."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.batch import Needs, World, decide_batch, needs
from service.core.command import Invalid
from service.core.decision import Problem
from service.core.producer_code import CreateCode, UpdateCode
from service.core.user import AddUserCode, CreateUser, UpdateUser
from tests.support.asked import commands
from tests.support.history import foundation, history
from tests.unit.core.specification import make_command

FOUNDED = decide_batch(commands(foundation()), World())[1]


def restricted(world: World, needed: Needs) -> World:
    """Return a world with only the needed states, by the rules of Needs."""
    groups = {
        id_: group
        for id_, group in world.groups.items()
        if id_ in needed.groups or (group.organization_id in needed.insurer_checks and group.held_foreign > 0)
    }
    users = {id_: user for id_, user in world.users.items() if id_ in needed.users}
    codes = {id_: code for id_, code in world.codes.items() if id_ in needed.codes}
    owners = {state.organization_id for states in (groups, users, codes) for state in states.values()}
    return World(
        {id_: world.organizations[id_] for id_ in world.organizations if id_ in needed.organizations | owners},
        {id_: world.branches[id_] for id_ in world.branches if id_ in needed.branches},
        {id_: world.roles[id_] for id_ in world.roles if id_ in needed.roles},
        {id_: world.products[id_] for id_ in world.products if id_ in needed.products},
        groups,
        users,
        codes,
        {text: world.code_ids[text] for text in world.code_ids if text in needed.code_strings},
        {name: world.usernames[name] for name in world.usernames if name in needed.usernames},
        {pair: world.user_associations[pair] for pair in world.user_associations if pair in needed.user_associations},
        {
            pair: world.group_associations[pair]
            for pair in world.group_associations
            if pair in needed.group_associations
        },
    )


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_a_world_with_just_the_needs_gives_the_same_decisions(seed: int, size: int) -> None:
    sequence = commands(history(Random(seed), 200, contended=True))
    world = FOUNDED
    for start in range(0, len(sequence), size):
        batch = sequence[start : start + size]
        answers, world_after = decide_batch(batch, world)
        assert decide_batch(batch, restricted(world, needs(batch)))[0] == answers
        world = world_after


def test_a_code_string_is_needed_in_lower_case() -> None:
    batch = [make_command("c", CreateCode("AI-50701", "o", ("r",), branch_id="b"))]

    assert needs(batch) == Needs(
        organizations={"o"}, branches={"b"}, roles={"r"}, codes={"c"}, code_strings={"ai-50701"}
    )


def test_nothing_is_needed_for_missing_or_cleared_attributes() -> None:
    batch = [
        make_command("u", CreateUser("U", "u@example.com", "o")),
        make_command("u", UpdateUser({"username": None, "group_ids": None})),
        make_command("u", AddUserCode("c")),
        make_command("c", UpdateCode({"branch_id": None, "role_ids": None})),
    ]

    assert needs(batch) == Needs(organizations={"o"}, users={"u"}, codes={"c"}, user_associations={("u", "c")})


def test_an_invalid_command_needs_its_subject_for_the_current_version() -> None:
    wrong = Invalid((Problem("invalid", "No.", "/name"),))
    types = ("group.create", "user.update", "producer-code.create", "organization.put", "branch.put", "role.put")

    assert needs([make_command("x", wrong, type_=type_) for type_ in (*types, "product.put")]) == Needs(
        organizations={"x"}, branches={"x"}, roles={"x"}, products={"x"}, groups={"x"}, users={"x"}, codes={"x"}
    )


def test_a_malformed_subject_is_not_needed() -> None:
    # The problem of the subject may be among those that are left out.
    wrong = Invalid((Problem("invalid", "No.", "/name"),), 1)

    assert needs([make_command("", wrong, type_="group.create")]) == Needs()
