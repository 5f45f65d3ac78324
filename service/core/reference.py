"""What codes and groups refer to and the operator keeps: branches, roles and products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True)
class PutBranch:
    """Let the branch be exactly this."""

    branch_code: str
    display_name: str


@dataclass(frozen=True, slots=True)
class PutRole:
    """Let the role be exactly this; `permissions` in any order."""

    display_name: str
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PutProduct:
    """Let the product be exactly this."""

    name: str
    institution_id: str
    product_line: str


ReferenceCommand: TypeAlias = PutBranch | PutRole | PutProduct


@dataclass(frozen=True, slots=True)
class BranchCreated:
    """The branch is known from now on."""

    after: Branch


@dataclass(frozen=True, slots=True)
class BranchUpdated:
    """Attributes of the branch changed."""

    before: Branch
    after: Branch


@dataclass(frozen=True, slots=True)
class RoleCreated:
    """The role is known from now on."""

    after: Role


@dataclass(frozen=True, slots=True)
class RoleUpdated:
    """Attributes of the role changed."""

    before: Role
    after: Role


@dataclass(frozen=True, slots=True)
class ProductCreated:
    """The product is known from now on."""

    after: Product


@dataclass(frozen=True, slots=True)
class ProductUpdated:
    """Attributes of the product changed."""

    before: Product
    after: Product


BranchEvent: TypeAlias = BranchCreated | BranchUpdated
RoleEvent: TypeAlias = RoleCreated | RoleUpdated
ProductEvent: TypeAlias = ProductCreated | ProductUpdated
ReferenceEvent: TypeAlias = BranchEvent | RoleEvent | ProductEvent


@dataclass(frozen=True, slots=True)
class Branch:
    """The insurer's office that serves a code."""

    id: str
    branch_code: str
    display_name: str
    version: int


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of system permissions, sorted without repeats."""

    id: str
    display_name: str
    permissions: tuple[str, ...]
    version: int


@dataclass(frozen=True, slots=True)
class Product:
    """Something a group may sell."""

    id: str
    name: str
    institution_id: str
    product_line: str
    version: int


Reference: TypeAlias = Branch | Role | Product

INITIAL: Final[Reference | None] = None
