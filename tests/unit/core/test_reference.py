"""Decisions on branches, roles and products."""

import pytest

from service.core.command import Body
from service.core.event import Event
from service.core.reference import (
    Branch,
    BranchCreated,
    BranchUpdated,
    Product,
    ProductCreated,
    ProductUpdated,
    PutBranch,
    PutProduct,
    PutRole,
    Role,
    RoleCreated,
    RoleUpdated,
)
from tests.unit.core.specification import given, make_command

BRANCH = Branch("x", "301", "Minneapolis Branch UW", 1)
ROLE = Role("x", "Producer", ("create account", "quote job"), 1)
PRODUCT = Product("x", "Cyber", "ins_1", "cyber", 1)

PUT_ROLE = PutRole("Producer", ("quote job", "create account", "quote job"))


@pytest.mark.parametrize(
    ("body", "event"),
    [
        (PutBranch("301", "Minneapolis Branch UW"), BranchCreated(BRANCH)),
        (PUT_ROLE, RoleCreated(ROLE)),
        (PutProduct("Cyber", "ins_1", "cyber"), ProductCreated(PRODUCT)),
    ],
)
def test_put_creates_a_new_entity(body: Body, event: Event) -> None:
    given().when("x", body).then(event, version=1)


@pytest.mark.parametrize(
    ("first", "body", "event"),
    [
        (
            PutBranch("301", "Minneapolis Branch UW"),
            PutBranch("301", "Minneapolis"),
            BranchUpdated(BRANCH, Branch("x", "301", "Minneapolis", 2)),
        ),
        (PUT_ROLE, PutRole("Producer"), RoleUpdated(ROLE, Role("x", "Producer", (), 2))),
        (
            PutProduct("Cyber", "ins_1", "cyber"),
            PutProduct("Cyber", "ins_2", "cyber"),
            ProductUpdated(PRODUCT, Product("x", "Cyber", "ins_2", "cyber", 2)),
        ),
    ],
)
def test_put_with_different_attributes_updates(first: Body, body: Body, event: Event) -> None:
    given(make_command("x", first)).when("x", body).then(event, version=2)


def test_put_of_the_same_permissions_in_another_order_is_unchanged() -> None:
    given(make_command("x", PUT_ROLE)).when("x", PutRole("Producer", ("create account", "quote job"))).then_nothing(
        version=1
    )
