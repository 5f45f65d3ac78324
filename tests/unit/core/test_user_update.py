"""Decisions on the merge patch of a user, and on the flags that depend on held codes."""

from dataclasses import replace
from typing import Any

import pytest

from service.core.batch import World
from service.core.user import AddUserCode, CreateUser, JoinGroup, RemoveUserCode, UpdateUser, UserUpdated
from tests.unit.core.seed import REGISTRY
from tests.unit.core.specification import given, make_command

ANN = REGISTRY.world.users["ann"]
IDA = REGISTRY.world.users["ida"]


def holding(user_id: str, code_id: str) -> World:
    """Return a world in which a user holds a code."""
    return given(make_command(user_id, AddUserCode(code_id)), world=REGISTRY.world).world


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Anne", "email": "anne@example.com"},
        {"external_id": "ext-1", "username": "ann"},
        {"group_ids": ("office",)},
        {"enabled": False, "external_user": False, "code_secured": False},
    ],
)
def test_update_changes_the_given_attributes(changes: dict[str, Any]) -> None:
    REGISTRY.when("ann", UpdateUser(changes)).then(UserUpdated(ANN, replace(ANN, **changes, version=2)), version=2)


def test_null_clears_and_resets_a_flag_to_its_default() -> None:
    full: dict[str, Any] = {
        "external_id": "ext-1",
        "username": "ann",
        "group_ids": ("office",),
        "enabled": False,
        "external_user": False,
        "code_secured": False,
    }
    state = given(make_command("ann", UpdateUser(full)), world=REGISTRY.world)

    state.when("ann", UpdateUser(dict.fromkeys(full))).then(
        UserUpdated(replace(ANN, **full, version=2), replace(ANN, version=3)), version=3
    )


def test_the_default_of_a_cleared_external_flag_is_that_of_the_organization() -> None:
    state = given(make_command("ida", UpdateUser({"external_user": True})), world=REGISTRY.world)

    state.when("ida", UpdateUser({"external_user": None})).then(
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
def test_update_that_changes_nothing_is_unchanged(changes: dict[str, Any]) -> None:
    REGISTRY.when("ann", UpdateUser(changes)).then_nothing(version=1)


def test_update_with_the_same_groups_in_another_order_is_unchanged() -> None:
    state = given(make_command("ann", JoinGroup("office")), world=REGISTRY.world)

    state.when("ann", UpdateUser({"group_ids": ("office", "office")})).then_nothing(version=2)


def test_update_is_rejected_with_all_problems() -> None:
    state = given(
        make_command("bob", CreateUser("Bob", "bob@example.com", "pc:4", username="bob")), world=REGISTRY.world
    )
    changes = {
        "name": None,
        "email": None,
        "organization_id": "pc:4",
        "username": "bob",
        "group_ids": ("headquarters", "office", "nowhere"),
    }

    state.when("ann", UpdateUser(changes)).then_rejected(
        ("invalid", "/email"),
        ("other-organization", "/groups/0"),
        ("reference-not-found", "/groups/2"),
        ("invalid", "/name"),
        ("immutable-field", "/organization/id"),
        ("already-exists", "/username"),
        version=1,
    )


def test_the_path_of_a_changed_organization_is_the_one_in_the_body() -> None:
    command = UpdateUser({"organization_id": "pc:4"}, organization_path="/distributor_id")

    REGISTRY.when("ann", command).then_rejected(("immutable-field", "/distributor_id"), version=1)


def test_a_user_must_stay_internal_while_holding_a_code_of_another_organization() -> None:
    state = given(world=holding("ida", "pc:16"))

    state.when("ida", UpdateUser({"external_user": True})).then_rejected(
        ("other-organization", "/externalUser"), version=2
    )


def test_a_user_may_become_external_while_holding_codes_of_the_same_organization() -> None:
    ann = replace(ANN, external_user=False, held=1, version=3)
    state = given(
        make_command("ann", UpdateUser({"external_user": False})),
        make_command("ann", AddUserCode("pc:6")),
        world=REGISTRY.world,
    )

    state.when("ann", UpdateUser({"external_user": None})).then(
        UserUpdated(ann, replace(ann, external_user=True, version=4)), version=4
    )


def test_a_user_must_stay_under_security_while_holding_a_code() -> None:
    state = given(world=holding("ann", "pc:6"))

    state.when("ann", UpdateUser({"code_secured": False})).then_rejected(
        ("not-code-secured", "/useProducerCodeSecurity"), version=2
    )


def test_both_flags_may_change_after_the_codes_are_removed() -> None:
    ida = replace(IDA, version=3)
    changes: dict[str, Any] = {"external_user": True, "code_secured": False}
    state = given(make_command("ida", RemoveUserCode("pc:16")), world=holding("ida", "pc:16"))

    state.when("ida", UpdateUser(changes)).then(UserUpdated(ida, replace(ida, **changes, version=4)), version=4)


def test_changes_of_both_flags_are_rejected_together() -> None:
    state = given(world=holding("ida", "pc:16"))

    state.when("ida", UpdateUser({"external_user": True, "code_secured": False})).then_rejected(
        ("other-organization", "/externalUser"), ("not-code-secured", "/useProducerCodeSecurity"), version=2
    )
