"""What a batch changed: the objects and associations that it wrote, and the associations that it ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias, TypeVar

from service.core.association import GroupAssociation, GroupCodeRemoved, UserAssociation, UserCodeRemoved
from service.core.batch import State
from service.core.decision import Decision, Repeat
from service.core.group import Group
from service.core.user import User
from service.core.world import World

Association: TypeAlias = GroupAssociation | UserAssociation

K = TypeVar("K", str, tuple[str, str])
T = TypeVar("T")


def changed_states(before: World, after: World) -> Iterator[State]:
    """Return the objects that are new or changed, each in its last state."""
    yield from _changed(before.organizations, after.organizations)
    yield from _changed(before.branches, after.branches)
    yield from _changed(before.roles, after.roles)
    yield from _changed(before.products, after.products)
    yield from _changed(before.codes, after.codes)
    yield from _changed(before.groups, after.groups)
    yield from _changed(before.users, after.users)


def changed_associations(before: World, after: World) -> Iterator[Association]:
    """Return the associations that are new, or that replace a former one of the same owner and code."""
    yield from _changed(before.group_associations, after.group_associations)
    yield from _changed(before.user_associations, after.user_associations)


def ended_associations(decisions: Iterable[Decision | Repeat], after: World) -> Iterator[Association]:
    """Return the associations that were removed and are not there after the batch, also those of this batch only."""
    ended: dict[str, Association] = {}
    for decision in decisions:
        if isinstance(decision, Decision):
            match decision.event:
                case GroupCodeRemoved(group_id=owner, association=held):
                    if (owner, held.code_id) not in after.group_associations:
                        ended[held.id] = held
                case UserCodeRemoved(user_id=owner, association=removed):
                    if (owner, removed.code_id) not in after.user_associations:
                        ended[removed.id] = removed
    yield from ended.values()


def owner_of(held: Association, world: World) -> Group | User:
    """Return the owner of an association; its version is that of the association too."""
    return world.groups[held.group_id] if isinstance(held, GroupAssociation) else world.users[held.user_id]


def _changed(before: Mapping[K, T], after: Mapping[K, T]) -> Iterator[T]:
    # States are immutable: an object that did not change is the same one.
    return (state for key, state in after.items() if before.get(key) is not state)
