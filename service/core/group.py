"""Groups: cohorts of an organization's users (groups document, "Create a Group", "Update a Group").

The commands that add and remove producer codes of a group are defined here and decided in `association`, which also
knows the code.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Literal, TypeAlias, assert_never

from service.core.problem import Problem, Problems, existing_subject, missing_subject, not_found
from service.core.value import value


@value
class Address:
    """The address of an office."""

    line1: str
    line2: str | None
    line3: str | None
    organization: str | None
    city: str
    state: str | None
    postal_code: str | None
    country_code: str


@value
class CreateGroup:
    """Create a group; `value` is an address for an office, and a text for a region or division."""

    type: str
    value: Address | str
    organization_id: str


@value
class UpdateGroup:
    """Replace type and value; the organization is optional and cannot change."""

    type: str
    value: Address | str
    organization_id: str | None = None


@value
class GrantProduct:
    """Allow the group to sell a product."""

    product_id: str


@value
class RevokeProduct:
    """Withdraw the permission to sell a product."""

    product_id: str


@value
class AddGroupCode:
    """Associate a producer code with the group."""

    code_id: str


@value
class RemoveGroupCode:
    """Remove the association of a producer code with the group."""

    code_id: str


GroupCommand: TypeAlias = CreateGroup | UpdateGroup | GrantProduct | RevokeProduct
GroupCodeCommand: TypeAlias = AddGroupCode | RemoveGroupCode


@value
class GroupCreated:
    """The group was created."""

    after: Group


@value
class GroupUpdated:
    """The type or value of the group changed."""

    before: Group
    after: Group


@value
class GroupProductGranted:
    """The group may sell an additional product."""

    before: Group
    after: Group


@value
class GroupProductRevoked:
    """The group may no longer sell a product."""

    before: Group
    after: Group


GroupEvent: TypeAlias = GroupCreated | GroupUpdated | GroupProductGranted | GroupProductRevoked


@value
class Group:
    """A group; `product_ids` are sorted without duplicates, `held_foreign` counts held codes of other organizations.

    A group may hold tens of thousands of codes: the counter shows without loading them whether its organization must
    stay an insurer.
    """

    id: str
    type: str
    value: Address | str
    organization_id: str
    product_ids: tuple[str, ...]
    held_foreign: int
    version: int


def decide(
    command: GroupCommand,
    group_id: str,
    state: Group | None,
    organizations: Container[str],
    products: Container[str],
) -> GroupEvent | Problems | None:
    """Decide one group command, given the ids that exist; return None when nothing changes."""
    if isinstance(command, CreateGroup):
        return _create(command, group_id, state, organizations)
    if state is None:
        return missing_subject("group", group_id)
    match command:
        case UpdateGroup():
            return _update(command, state)
        case GrantProduct(product_id):
            if product_id not in products:
                return (not_found("/product_id", "product", product_id),)
            if product_id in state.product_ids:
                return None
            return GroupProductGranted(state, _with_products(state, tuple(sorted((*state.product_ids, product_id)))))
        case RevokeProduct(product_id):
            if product_id not in products:
                return (not_found("/product_id", "product", product_id),)
            if product_id not in state.product_ids:
                return None
            remaining = tuple(granted for granted in state.product_ids if granted != product_id)
            return GroupProductRevoked(state, _with_products(state, remaining))
        case _:
            assert_never(command)


def with_code(state: Group, step: Literal[1, -1], foreign: bool, version: int) -> Group:
    """Return the group after an association with a code was added (step 1) or removed (step -1).

    `foreign` is true when the code belongs to another organization.
    """
    return Group(
        state.id,
        state.type,
        state.value,
        state.organization_id,
        state.product_ids,
        state.held_foreign + step if foreign else state.held_foreign,
        version,
    )


def _create(
    command: CreateGroup, group_id: str, state: Group | None, organizations: Container[str]
) -> GroupCreated | Problems | None:
    if state is not None:
        same = (command.type, command.value, command.organization_id) == (
            state.type,
            state.value,
            state.organization_id,
        )
        return None if same else existing_subject("group", group_id)
    problems = _value_problems(command.type, command.value)
    if command.organization_id not in organizations:
        problems = (*problems, not_found("/distributor_id", "organization", command.organization_id))
    return problems or GroupCreated(Group(group_id, command.type, command.value, command.organization_id, (), 0, 1))


def _update(command: UpdateGroup, state: Group) -> GroupUpdated | Problems | None:
    problems = _value_problems(command.type, command.value)
    if command.organization_id is not None and command.organization_id != state.organization_id:
        immutable = Problem("immutable-field", "The organization of a group cannot change.", "/distributor_id")
        problems = (*problems, immutable)
    if problems:
        return problems
    if command.type == state.type and command.value == state.value:
        return None
    after = Group(
        state.id,
        command.type,
        command.value,
        state.organization_id,
        state.product_ids,
        state.held_foreign,
        state.version + 1,
    )
    return GroupUpdated(state, after)


def _value_problems(kind: str, value: Address | str) -> Problems:
    if (kind == "office") == isinstance(value, Address):
        return ()
    expected = "an address" if kind == "office" else "a string"
    return (Problem("invalid", f"The value of a group of type {kind} must be {expected}.", "/value"),)


def _with_products(state: Group, product_ids: tuple[str, ...]) -> Group:
    return Group(
        state.id,
        state.type,
        state.value,
        state.organization_id,
        product_ids,
        state.held_foreign,
        state.version + 1,
    )
