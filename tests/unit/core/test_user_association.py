"""Decisions on the producer codes of users."""

import pytest

from service.core.association import UserAssociation, UserCodeAdded, UserCodeRemoved
from service.core.command import Body
from service.core.ids import association_id
from service.core.producer_code import UpdateCode
from service.core.reference import PutRole
from service.core.user import AddUserCode, RemoveUserCode, UpdateUser
from tests.unit.core.seed import REGISTRY
from tests.unit.core.specification import Given, given, make_command

ID = association_id("user", "ann", "pc:6")
BOTH = UserAssociation(ID, "ann", "pc:6", ("producer", "submission"))
HELD = given(make_command("ann", AddUserCode("pc:6")), world=REGISTRY.world)


def test_a_user_holds_a_code_with_all_its_roles_by_default() -> None:
    after = REGISTRY.when("ann", AddUserCode("pc:6")).then(
        UserCodeAdded("ann", 2, BOTH, "100-002541", foreign=False), version=2
    )

    assert (after.users["ann"].held, after.users["ann"].held_foreign) == (1, 0)
    assert after.user_associations == {("ann", "pc:6"): BOTH}


def test_a_user_holds_a_code_with_some_of_its_roles() -> None:
    some = UserAssociation(ID, "ann", "pc:6", ("producer",))

    REGISTRY.when("ann", AddUserCode("pc:6", ("producer", "producer"))).then(
        UserCodeAdded("ann", 2, some, "100-002541", foreign=False), version=2
    )


def test_an_internal_user_holds_a_code_of_another_organization() -> None:
    held = UserAssociation(association_id("user", "ida", "pc:16"), "ida", "pc:16", ("producer",))

    after = REGISTRY.when("ida", AddUserCode("pc:16")).then(
        UserCodeAdded("ida", 2, held, "301-008578", foreign=True), version=2
    )

    assert (after.users["ida"].held, after.users["ida"].held_foreign) == (1, 1)


def test_an_external_user_cannot_hold_a_code_of_another_organization() -> None:
    REGISTRY.when("ann", AddUserCode("pc:16")).then_rejected(("other-organization", "/producerCode/id"), version=1)


def test_a_user_not_under_security_cannot_hold_a_code() -> None:
    state = given(make_command("ann", UpdateUser({"code_secured": False})), world=REGISTRY.world)

    state.when("ann", AddUserCode("pc:6")).then_rejected(("not-code-secured", "subject"), version=2)
    state.when("ann", AddUserCode("pc:16")).then_rejected(
        ("other-organization", "/producerCode/id"), ("not-code-secured", "subject"), version=2
    )


def test_adding_a_code_that_is_held_with_different_roles_is_rejected() -> None:
    HELD.when("ann", AddUserCode("pc:6", ("submission",))).then_rejected(("already-exists", "/roles"), version=2)
    HELD.when("ann", AddUserCode("pc:6", ())).then_rejected(("already-exists", "/roles"), version=2)


def test_all_roles_are_different_roles_when_the_code_is_held_with_some() -> None:
    state = given(make_command("ann", AddUserCode("pc:6", ("producer",))), world=REGISTRY.world)

    state.when("ann", AddUserCode("pc:6")).then_rejected(("already-exists", "/roles"), version=2)


def test_adding_the_same_roles_in_another_order_is_unchanged() -> None:
    HELD.when("ann", AddUserCode("pc:6", ("submission", "producer"))).then_nothing(version=2)


def test_adding_is_rejected_with_all_problems_of_the_references() -> None:
    REGISTRY.when("ann", AddUserCode("pc:9", ("producer", "x"))).then_rejected(
        ("reference-not-found", "/producerCode/id"), ("reference-not-found", "/roles/1/id"), version=1
    )


@pytest.mark.parametrize("state", [REGISTRY, HELD])
def test_a_role_that_the_code_does_not_have_is_invalid(state: Given) -> None:
    state = given(make_command("quoter", PutRole("Quoter")), world=state.world)

    state.when("ann", AddUserCode("pc:6", ("x", "producer", "quoter"))).then_rejected(
        ("reference-not-found", "/roles/0/id"),
        ("invalid", "/roles/2/id"),
        version=state.world.users["ann"].version,
    )


def test_removing_a_code_ends_the_association() -> None:
    after = HELD.when("ann", RemoveUserCode("pc:6")).then(
        UserCodeRemoved("ann", 3, BOTH, "100-002541", foreign=False), version=3
    )

    assert (after.users["ann"].held, after.user_associations) == (0, {})
    assert "pc:6" in after.codes, "an association is deleted, not the code"


def test_removing_a_code_that_is_not_held_is_unchanged() -> None:
    REGISTRY.when("ann", RemoveUserCode("pc:6")).then_nothing(version=1)


@pytest.mark.parametrize("body", [AddUserCode("pc:9"), RemoveUserCode("pc:9")])
def test_a_code_must_exist(body: Body) -> None:
    REGISTRY.when("ann", body).then_rejected(("reference-not-found", "/producerCode/id"), version=1)


def test_an_association_has_only_roles_that_the_code_still_has() -> None:
    state = given(make_command("pc:6", UpdateCode({"role_ids": ("producer",)})), world=HELD.world)
    remaining = UserAssociation(ID, "ann", "pc:6", ("producer",))

    state.when("ann", AddUserCode("pc:6")).then_nothing(version=2)
    state.when("ann", AddUserCode("pc:6", ("producer",))).then_nothing(version=2)
    state.when("ann", AddUserCode("pc:6", ("producer", "submission"))).then_rejected(
        ("invalid", "/roles/1/id"), version=2
    )
    state.when("ann", RemoveUserCode("pc:6")).then(
        UserCodeRemoved("ann", 3, remaining, "100-002541", foreign=False), version=3
    )
