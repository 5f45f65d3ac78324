"""Decisions on the merge patch of a user, and on flags that held codes depend on."""

from dataclasses import replace
from typing import Any

import pytest

from service.core.batch import World
from service.core.user import AddUserCode, CreateUser, JoinGroup, RemoveUserCode, UpdateUser, UserUpdated
from tests.unit.core.seed import REGISTRY
from tests.unit.core.specification import ask, given

ANN = REGISTRY.world.users["ann"]
IDA = REGISTRY.world.users["ida"]


def holding(user_id: str, code_id: str) -> World:
    """Let a user hold a code."""
    return given(ask(user_id, AddUserCode(code_id)), world=REGISTRY.world).world


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Anne", "email": "anne@example.com"},
        {"external_id": "ext-1", "username": "ann"},
        {"group_ids": ("office",)},
        {"enabled": False, "external_user": False, "code_secured": False},
    ],
)
def test_update_changes_what_it_names(changes: dict[str, Any]) -> None:
    REGISTRY.when("ann", UpdateUser(changes)).then(UserUpdated(ANN, replace(ANN, **changes, version=2)), version=2)


def test_update_clears_with_null_and_a_cleared_flag_is_the_default() -> None:
    full: dict[str, Any] = {
        "external_id": "ext-1",
        "username": "ann",
        "group_ids": ("office",),
        "enabled": False,
        "external_user": False,
        "code_secured": False,
    }
    there = given(ask("ann", UpdateUser(full)), world=REGISTRY.world)

    there.when("ann", UpdateUser(dict.fromkeys(full))).then(
        UserUpdated(replace(ANN, **full, version=2), replace(ANN, version=3)), version=3
    )


def test_the_default_of_a_cleared_external_flag_is_that_of_the_organization() -> None:
    there = given(ask("ida", UpdateUser({"external_user": True})), world=REGISTRY.world)

    there.when("ida", UpdateUser({"external_user": None})).then(
        UserUpdated(replace(IDA, external_user=True, version=2), replace(IDA, version=3)), version=3
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"organization_id": "pc:1", "name": "Ann"},
        {"group_ids": None, "username": None, "enabled": None, "external_user": None, "code_secured": None},
        {"group_ids": (), "enabled": True, "external_user": True},
    ],
)
def test_update_that_changes_nothing_is_nothing(changes: dict[str, Any]) -> None:
    REGISTRY.when("ann", UpdateUser(changes)).then_nothing(version=1)


def test_update_with_the_own_groups_in_another_order_is_nothing() -> None:
    there = given(ask("ann", JoinGroup("office")), world=REGISTRY.world)

    there.when("ann", UpdateUser({"group_ids": ("office", "office")})).then_nothing(version=2)


def test_update_is_rejected_with_everything_that_is_wrong() -> None:
    there = given(ask("bob", CreateUser("Bob", "bob@example.com", "pc:4", username="bob")), world=REGISTRY.world)
    changes = {
        "name": None,
        "email": None,
        "organization_id": "pc:4",
        "username": "bob",
        "group_ids": ("headquarters", "office", "nowhere"),
    }

    there.when("ann", UpdateUser(changes)).then_rejected(
        ("invalid", "/email"),
        ("other-organization", "/groups/0"),
        ("reference-not-found", "/groups/2"),
        ("invalid", "/name"),
        ("immutable-field", "/organization/id"),
        ("already-exists", "/username"),
        version=1,
    )


def test_an_organization_that_would_change_is_named_as_the_body_names_it() -> None:
    asked = UpdateUser({"organization_id": "pc:4"}, organization_path="/distributor_id")

    REGISTRY.when("ann", asked).then_rejected(("immutable-field", "/distributor_id"), version=1)


def test_a_user_stays_internal_when_holding_a_code_of_another_organization() -> None:
    there = given(world=holding("ida", "pc:16"))

    there.when("ida", UpdateUser({"external_user": True})).then_rejected(
        ("other-organization", "/externalUser"), version=2
    )


def test_a_user_may_become_external_when_the_held_codes_are_of_the_own_organization() -> None:
    ann = replace(ANN, external_user=False, held=1, version=3)
    there = given(
        ask("ann", UpdateUser({"external_user": False})), ask("ann", AddUserCode("pc:6")), world=REGISTRY.world
    )

    there.when("ann", UpdateUser({"external_user": None})).then(
        UserUpdated(ann, replace(ann, external_user=True, version=4)), version=4
    )


def test_a_user_stays_under_security_when_holding_a_code() -> None:
    there = given(world=holding("ann", "pc:6"))

    there.when("ann", UpdateUser({"code_secured": False})).then_rejected(
        ("not-code-secured", "/useProducerCodeSecurity"), version=2
    )


def test_both_flags_are_free_when_the_codes_are_given_back() -> None:
    ida = replace(IDA, version=3)
    changes: dict[str, Any] = {"external_user": True, "code_secured": False}
    there = given(ask("ida", RemoveUserCode("pc:16")), world=holding("ida", "pc:16"))

    there.when("ida", UpdateUser(changes)).then(UserUpdated(ida, replace(ida, **changes, version=4)), version=4)


def test_both_flags_are_rejected_together_when_a_code_of_another_organization_is_held() -> None:
    there = given(world=holding("ida", "pc:16"))

    there.when("ida", UpdateUser({"external_user": True, "code_secured": False})).then_rejected(
        ("other-organization", "/externalUser"), ("not-code-secured", "/useProducerCodeSecurity"), version=2
    )
