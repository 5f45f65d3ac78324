"""The users, codes and organizations of the seed documents, as states of the core."""

from typing import Any, TypeVar

from service.core.association import GroupAssociation, UserAssociation
from service.core.group import Address, Group
from service.core.ids import association_id
from service.core.organization import Organization
from service.core.producer_code import ProducerCode
from service.core.user import User
from service.core.world import World
from tests.support.states import new_branch, new_code, new_group, new_organization, new_product, new_role, new_user

ARMSTRONG, ACV = "pc:1", "pc:4"
LOS_ANGELES, MINNEAPOLIS = "pc:SKLwZJB_J2trSnepw0UsV", "pc:S17f59YeYbDQEVkdUiua9"
PRODUCER, SUBMISSION = "producer", "producercode_submission"
OFFICE = "pc:669"
ANN, BEN = "pc:305", "pc:310"

ADDRESS = Address("10 Spring Street", "Floor 2", None, None, "Los Angeles", "CA", "90013", "USA")


def organization(id_: str, name: str, *, status: str = "Active", insurer: bool = False) -> Organization:
    """Return an organization with version 1."""
    return new_organization(id_, name, status=status, insurer=insurer)


def code(id_: str, string: str, owner: str, description: str | None = None, **changes: Any) -> ProducerCode:
    """Return an active code with version 1 and the role "producer"."""
    return new_code(id_, string, owner, description=description, **changes)


def user(id_: str, name: str, owner: str, **changes: Any) -> User:
    """Return a user with version 1, subject to producer code security, without groups."""
    return new_user(id_, name, owner, **changes)


def user_holds(user_id: str, code_id: str, *roles: str) -> dict[tuple[str, str], UserAssociation]:
    """Return the association of a user and a code."""
    id_ = association_id("user", user_id, code_id)
    return {(user_id, code_id): UserAssociation(id_, user_id, code_id, tuple(sorted(roles or (PRODUCER,))))}


def group_holds(group_id: str, code_id: str) -> dict[tuple[str, str], GroupAssociation]:
    """Return the association of a group and a code."""
    return {(group_id, code_id): GroupAssociation(association_id("group", group_id, code_id), group_id, code_id)}


_S = TypeVar("_S", Organization, ProducerCode, User, Group)


def by_id(*states: _S) -> dict[str, _S]:
    """Return the states by their ids."""
    return {state.id: state for state in states}


_CODES = (
    code("pc:6", "100-002541", ARMSTRONG, "Armstrong (Premier)", branch_id=LOS_ANGELES),
    code("pc:17", "501-002542", ARMSTRONG, "Armstrong (Los Angeles)", branch_id=LOS_ANGELES),
    code("pc:18", "501-002543", ARMSTRONG, "Armstrong (San Diego)"),
    code("pc:19", "501-002544", ARMSTRONG, "Armstrong Professional Liability Services", status="Limited"),
    code("pc:20", "501-002545", ARMSTRONG, "Armstrong Employer Services", appointment_date="2022-07-09"),
    code("pc:21", "501-002546", ARMSTRONG, None, status="Terminated", termination_date="2023-01-01"),
    code("pc:16", "301-008578", ACV, "ACV Property Insurance", branch_id=MINNEAPOLIS, role_ids=(PRODUCER, SUBMISSION)),
)
_GROUPS = (
    new_group(OFFICE, "office", ADDRESS, ARMSTRONG, product_ids=("prd_1",), version=4),
    new_group("west", "region", "West: all of it", ARMSTRONG),
    new_group("acv-division", "division", "Property", ACV),
)
_USERS = (
    user(ANN, "Ann", ARMSTRONG, external_id="a-17", group_ids=(OFFICE,), version=3),
    user(BEN, "Ben", ARMSTRONG, username="ben", group_ids=(OFFICE, "west")),
    user("pc:400", "Cleo", ACV),
)

WORLD = World(
    organizations={
        ARMSTRONG: organization(ARMSTRONG, "Armstrong and Company"),
        ACV: organization(ACV, "ACV Property Insurance"),
    },
    branches={
        LOS_ANGELES: new_branch(LOS_ANGELES, "501", "Los Angeles Branch UW"),
        MINNEAPOLIS: new_branch(MINNEAPOLIS, "301", "Minneapolis Branch UW"),
    },
    roles={
        PRODUCER: new_role(PRODUCER, "Producer", ("create account", "quote job")),
        SUBMISSION: new_role(SUBMISSION, "Producer Code - Submissions"),
    },
    products={"prd_1": new_product("prd_1", "General Liability", "ins_1", "general_liability")},
    groups=by_id(*_GROUPS),
    users=by_id(*_USERS),
    codes=by_id(*_CODES),
    user_associations=user_holds(ANN, "pc:6") | user_holds("pc:400", "pc:16", SUBMISSION),
    group_associations=group_holds(OFFICE, "pc:17")
    | group_holds(OFFICE, "pc:19")
    | group_holds("acv-division", "pc:16"),
)
"""All entities of this module."""
