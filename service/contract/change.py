"""Conversion of events and current states to message data, with their kind, subject and version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from service.contract import association as wire
from service.contract.aggregate import STATES
from service.contract.catalogue import EVENTS, SNAPSHOTS, EventKind
from service.core import association, group, organization, producer_code, reference, user
from service.core.association import GroupAssociation, UserAssociation
from service.core.event import Event

Snapshot: TypeAlias = (
    organization.Organization
    | reference.Branch
    | reference.Role
    | reference.Product
    | group.Group
    | user.User
    | producer_code.ProducerCode
)
"""A state that can be published as a snapshot."""

Change: TypeAlias = tuple[EventKind, str, int, Mapping[str, object]]
"""Kind, subject, version of the subject, data."""

_KINDS: Final = {kind.name: kind for kind in (*EVENTS, *SNAPSHOTS)}
# The id never changes, and the version always does: neither is a change of content.
_NOT_COMPARED: Final = frozenset({"id", "version"})


def change(event: Event) -> Change:
    """Return the change of an event."""
    return _WRITERS[type(event)](event)


def snapshot(state: Snapshot) -> Change:
    """Return the snapshot of a state, without changed fields and previous values."""
    kind = STATES[type(state)]
    data = {kind.key: kind.write(state), "changed": [], "previous": {}}
    return _KINDS[f"{kind.noun}.snapshot"], state.id, state.version, data


def association_snapshot(held: GroupAssociation | UserAssociation, code: str, version: int) -> Change:
    """Return the snapshot of an association; `code` is the code's string, `version` the owner's version."""
    if isinstance(held, GroupAssociation):
        data = {"groupProducerCode": wire.group_association(held, code)}
        return _KINDS["group.producer-code-snapshot"], held.group_id, version, data
    return (
        _KINDS["user.producer-code-snapshot"],
        held.user_id,
        version,
        {"userProducerCode": wire.user_association(held, code)},
    )


def _created(name: str, state: type) -> Callable[[Any], Change]:
    kind = _KINDS[name]
    key, write = STATES[state].key, STATES[state].write
    changed: list[str] = []

    def written(event: Any) -> Change:
        after = write(event.after)
        if not changed:
            # All states of a kind have the same fields.
            changed.extend(name for name in after if name not in _NOT_COMPARED)
        return kind, event.after.id, event.after.version, {key: after, "changed": changed, "previous": {}}

    return written


def _updated(name: str, state: type) -> Callable[[Any], Change]:
    kind = _KINDS[name]
    key, write = STATES[state].key, STATES[state].write

    def written(event: Any) -> Change:
        before, after = write(event.before), write(event.after)
        changed = [name for name, value in after.items() if before[name] != value and name not in _NOT_COMPARED]
        previous = {name: before[name] for name in changed}
        return kind, event.after.id, event.after.version, {key: after, "changed": changed, "previous": previous}

    return written


def _group_code(name: str) -> Callable[[Any], Change]:
    kind = _KINDS[name]

    def written(event: association.GroupCodeAdded | association.GroupCodeRemoved) -> Change:
        data = {"groupProducerCode": wire.group_association(event.association, event.code)}
        return kind, event.group_id, event.version, data

    return written


def _user_code(name: str) -> Callable[[Any], Change]:
    kind = _KINDS[name]

    def written(event: association.UserCodeAdded | association.UserCodeRemoved) -> Change:
        data = {"userProducerCode": wire.user_association(event.association, event.code)}
        return kind, event.user_id, event.version, data

    return written


_WRITERS: Final[dict[type, Callable[[Any], Change]]] = {
    group.GroupCreated: _created("group.created", group.Group),
    group.GroupUpdated: _updated("group.updated", group.Group),
    group.GroupProductGranted: _updated("group.product-granted", group.Group),
    group.GroupProductRevoked: _updated("group.product-revoked", group.Group),
    association.GroupCodeAdded: _group_code("group.producer-code-added"),
    association.GroupCodeRemoved: _group_code("group.producer-code-removed"),
    producer_code.ProducerCodeCreated: _created("producer-code.created", producer_code.ProducerCode),
    producer_code.ProducerCodeUpdated: _updated("producer-code.updated", producer_code.ProducerCode),
    user.UserCreated: _created("user.created", user.User),
    user.UserUpdated: _updated("user.updated", user.User),
    user.GroupJoined: _updated("user.group-joined", user.User),
    user.GroupLeft: _updated("user.group-left", user.User),
    association.UserCodeAdded: _user_code("user.producer-code-added"),
    association.UserCodeRemoved: _user_code("user.producer-code-removed"),
    organization.OrganizationCreated: _created("organization.created", organization.Organization),
    organization.OrganizationUpdated: _updated("organization.updated", organization.Organization),
    reference.BranchCreated: _created("branch.created", reference.Branch),
    reference.BranchUpdated: _updated("branch.updated", reference.Branch),
    reference.RoleCreated: _created("role.created", reference.Role),
    reference.RoleUpdated: _updated("role.updated", reference.Role),
    reference.ProductCreated: _created("product.created", reference.Product),
    reference.ProductUpdated: _updated("product.updated", reference.Product),
}
