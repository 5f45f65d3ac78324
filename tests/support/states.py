"""States for tests: what a create or put makes, with some fields changed. New attributes have their defaults."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar

from service.core import group, organization, producer_code, reference, user
from service.core.group import Address, Group
from service.core.organization import Organization
from service.core.producer_code import ProducerCode
from service.core.reference import Branch, Product, Role
from service.core.user import User

State = TypeVar("State")


def new_code(
    id_: str, code: str, organization_id: str, role_ids: Iterable[str] = ("producer",), **changes: Any
) -> ProducerCode:
    """Return an active code with version 1."""
    command = producer_code.CreateCode(code, organization_id, tuple(role_ids))
    event = producer_code.decide(
        command,
        id_,
        None,
        organizations={organization_id},
        branches=(),
        roles=command.role_ids,
        code_ids={},
    )
    return _made(ProducerCode, event, changes)


def new_user(id_: str, name: str, organization_id: str, **changes: Any) -> User:
    """Return an enabled external user with version 1, subject to producer code security, without groups."""
    command = user.CreateUser(name, f"{name.lower()}@example.com", organization_id)
    organizations = {organization_id: new_organization(organization_id, "O")}
    return _made(User, user.decide(command, id_, None, organizations=organizations, groups={}, usernames={}), changes)


def new_group(id_: str, type_: str, value: Address | str, organization_id: str, **changes: Any) -> Group:
    """Return a group with version 1, without products."""
    command = group.CreateGroup(type_, value, organization_id)
    return _made(Group, group.decide(command, id_, None, {organization_id}, ()), changes)


def new_organization(id_: str, name: str, **changes: Any) -> Organization:
    """Return an active organization with version 1 that is not an insurer."""
    return _made(Organization, organization.decide(organization.PutOrganization(name), id_, None, ()), changes)


def new_branch(id_: str, code: str, name: str, **changes: Any) -> Branch:
    """Return a branch with version 1."""
    return _made(Branch, reference.decide_branch(reference.PutBranch(code, name), id_, None), changes)


def new_role(id_: str, name: str, permissions: Iterable[str] = (), **changes: Any) -> Role:
    """Return a role with version 1."""
    return _made(Role, reference.decide_role(reference.PutRole(name, tuple(permissions)), id_, None), changes)


def new_product(id_: str, name: str, institution_id: str, line: str, **changes: Any) -> Product:
    """Return a product with version 1."""
    return _made(
        Product, reference.decide_product(reference.PutProduct(name, institution_id, line), id_, None), changes
    )


def _made(state: type[State], event: Any, changes: dict[str, Any]) -> State:
    made = replace(event.after, **changes)
    assert isinstance(made, state)
    return made
