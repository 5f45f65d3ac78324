"""Reference data that the operator maintains: branches, roles and products."""

from __future__ import annotations

from typing import TypeAlias

from service.core.text_set import text_set
from service.core.value import value


@value
class PutBranch:
    """Create the branch, or replace its attributes."""

    branch_code: str
    display_name: str


@value
class PutRole:
    """Create the role, or replace its attributes; `permissions` may be in any order."""

    display_name: str
    permissions: tuple[str, ...] = ()


@value
class PutProduct:
    """Create the product, or replace its attributes."""

    name: str
    institution_id: str
    product_line: str


ReferenceCommand: TypeAlias = PutBranch | PutRole | PutProduct


@value
class BranchCreated:
    """The branch was created."""

    after: Branch


@value
class BranchUpdated:
    """Attributes of the branch changed."""

    before: Branch
    after: Branch


@value
class RoleCreated:
    """The role was created."""

    after: Role


@value
class RoleUpdated:
    """Attributes of the role changed."""

    before: Role
    after: Role


@value
class ProductCreated:
    """The product was created."""

    after: Product


@value
class ProductUpdated:
    """Attributes of the product changed."""

    before: Product
    after: Product


BranchEvent: TypeAlias = BranchCreated | BranchUpdated
RoleEvent: TypeAlias = RoleCreated | RoleUpdated
ProductEvent: TypeAlias = ProductCreated | ProductUpdated
ReferenceEvent: TypeAlias = BranchEvent | RoleEvent | ProductEvent


@value
class Branch:
    """The insurer's office that serves a code."""

    id: str
    branch_code: str
    display_name: str
    version: int


@value
class Role:
    """A named set of system permissions, sorted without duplicates."""

    id: str
    display_name: str
    permissions: tuple[str, ...]
    version: int


@value
class Product:
    """A product that a group may sell."""

    id: str
    name: str
    institution_id: str
    product_line: str
    version: int


def decide_branch(command: PutBranch, branch_id: str, state: Branch | None) -> BranchEvent | None:
    """Decide one branch command; return None when the branch already has these attributes."""
    if state is None:
        return BranchCreated(Branch(branch_id, command.branch_code, command.display_name, 1))
    if (command.branch_code, command.display_name) == (state.branch_code, state.display_name):
        return None
    return BranchUpdated(state, Branch(branch_id, command.branch_code, command.display_name, state.version + 1))


def decide_role(command: PutRole, role_id: str, state: Role | None) -> RoleEvent | None:
    """Decide one role command; return None when the role already has these attributes."""
    permissions = text_set(command.permissions)
    if state is None:
        return RoleCreated(Role(role_id, command.display_name, permissions, 1))
    if (command.display_name, permissions) == (state.display_name, state.permissions):
        return None
    return RoleUpdated(state, Role(role_id, command.display_name, permissions, state.version + 1))


def decide_product(command: PutProduct, product_id: str, state: Product | None) -> ProductEvent | None:
    """Decide one product command; return None when the product already has these attributes."""
    content = (command.name, command.institution_id, command.product_line)
    if state is None:
        return ProductCreated(Product(product_id, *content, 1))
    if content == (state.name, state.institution_id, state.product_line):
        return None
    return ProductUpdated(state, Product(product_id, *content, state.version + 1))
