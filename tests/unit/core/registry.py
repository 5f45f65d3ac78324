"""Invariants of every state of the registry."""

from __future__ import annotations

from service.core.batch import World


def check_rules(world: World) -> None:
    """Check all invariants of a world: references, uniqueness, permitted associations and counters."""
    for team in world.groups.values():
        assert team.organization_id in world.organizations
        assert set(team.product_ids) <= set(world.products)
        assert list(team.product_ids) == sorted(set(team.product_ids))
    for person in world.users.values():
        assert person.organization_id in world.organizations
        assert list(person.group_ids) == sorted(set(person.group_ids))
        assert {world.groups[group_id].organization_id for group_id in person.group_ids} <= {person.organization_id}
    for code in world.codes.values():
        assert code.organization_id in world.organizations
        assert code.role_ids
        assert set(code.role_ids) <= set(world.roles)
        assert code.branch_id is None or code.branch_id in world.branches
        assert not (code.appointment_date and code.termination_date and code.appointment_date > code.termination_date)
    assert world.code_ids == {code.code.lower(): code.id for code in world.codes.values()}
    assert len(world.code_ids) == len(world.codes)
    assert world.usernames == {person.username: person.id for person in world.users.values() if person.username}
    check_user_associations(world)
    check_group_associations(world)


def check_user_associations(world: World) -> None:
    """Check the associations of users."""
    for (user_id, code_id), held in world.user_associations.items():
        assert (held.user_id, held.code_id) == (user_id, code_id)
        person, code = world.users[user_id], world.codes[code_id]
        assert person.code_secured
        assert not person.external_user or code.organization_id == person.organization_id
    for person in world.users.values():
        mine = [world.codes[code_id] for user_id, code_id in world.user_associations if user_id == person.id]
        foreign = [code for code in mine if code.organization_id != person.organization_id]
        assert (person.held, person.held_foreign) == (len(mine), len(foreign))


def check_group_associations(world: World) -> None:
    """Check the associations of groups."""
    for (group_id, code_id), held in world.group_associations.items():
        assert (held.group_id, held.code_id) == (group_id, code_id)
        team, code = world.groups[group_id], world.codes[code_id]
        insurer = world.organizations[team.organization_id].insurer
        assert insurer or code.organization_id == team.organization_id
    for team in world.groups.values():
        ours = [world.codes[code_id] for group_id, code_id in world.group_associations if group_id == team.id]
        assert team.held_foreign == sum(code.organization_id != team.organization_id for code in ours)
