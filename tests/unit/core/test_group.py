"""Decisions on groups, without their producer codes."""

from dataclasses import replace

import pytest

from service.core.command import Body
from service.core.group import (
    AddGroupCode,
    Address,
    CreateGroup,
    GrantProduct,
    Group,
    GroupCreated,
    GroupProductGranted,
    GroupProductRevoked,
    GroupUpdated,
    RemoveGroupCode,
    RevokeProduct,
    UpdateGroup,
)
from tests.unit.core.seed import DIRECTORY, REGISTRY, SPRING_STREET
from tests.unit.core.specification import given, make_command

OFFICE = Group("office", "office", SPRING_STREET, "pc:1", (), held_foreign=0, version=1)
MAIN_STREET = replace(SPRING_STREET, line1="7 Main Street")


def test_create_makes_a_group_without_products() -> None:
    DIRECTORY.when("office", CreateGroup("office", SPRING_STREET, "pc:1")).then(GroupCreated(OFFICE), version=1)


def test_create_is_rejected_with_all_problems() -> None:
    DIRECTORY.when("office", CreateGroup("office", "somewhere", "nobody")).then_rejected(
        ("reference-not-found", "/distributor_id"), ("invalid", "/value"), version=None
    )


@pytest.mark.parametrize("kind", ["region", "division"])
def test_a_region_or_division_cannot_have_an_address(kind: str) -> None:
    DIRECTORY.when("west", CreateGroup(kind, SPRING_STREET, "pc:1")).then_rejected(("invalid", "/value"), version=None)


@pytest.mark.parametrize(
    ("kind", "value", "expected"), [("office", "West", "an address"), ("region", SPRING_STREET, "a string")]
)
def test_the_message_about_a_wrong_value_states_the_expected_type(
    kind: str, value: Address | str, expected: str
) -> None:
    decision, _ = DIRECTORY.when("g", CreateGroup(kind, value, "pc:1")).decision()

    assert decision.problems[0].message == f"The value of a group of type {kind} must be {expected}."


def test_create_of_the_same_content_is_unchanged_after_a_grant_of_products() -> None:
    state = given(make_command("office", GrantProduct("prd_1")), world=REGISTRY.world)

    state.when("office", CreateGroup("office", SPRING_STREET, "pc:1")).then_nothing(version=2)


@pytest.mark.parametrize(
    "body",
    [
        CreateGroup("office", MAIN_STREET, "pc:1"),
        CreateGroup("region", "West", "pc:1"),
        CreateGroup("office", SPRING_STREET, "pc:4"),
        CreateGroup("office", SPRING_STREET, "nobody"),
    ],
)
def test_create_is_rejected_when_the_group_exists_with_different_content(body: Body) -> None:
    REGISTRY.when("office", body).then_rejected(("already-exists", "subject"), version=1)


def test_update_replaces_the_address() -> None:
    REGISTRY.when("office", UpdateGroup("office", MAIN_STREET)).then(
        GroupUpdated(OFFICE, replace(OFFICE, value=MAIN_STREET, version=2)), version=2
    )


def test_update_replaces_the_type() -> None:
    REGISTRY.when("office", UpdateGroup("region", "West", "pc:1")).then(
        GroupUpdated(OFFICE, replace(OFFICE, type="region", value="West", version=2)), version=2
    )


def test_update_that_changes_nothing_is_unchanged() -> None:
    REGISTRY.when("office", UpdateGroup("office", SPRING_STREET, "pc:1")).then_nothing(version=1)


def test_update_cannot_change_the_organization() -> None:
    REGISTRY.when("office", UpdateGroup("office", "West", "pc:4")).then_rejected(
        ("immutable-field", "/distributor_id"), ("invalid", "/value"), version=1
    )


def test_the_operator_grants_and_revokes_a_product() -> None:
    granted = replace(OFFICE, product_ids=("prd_1",), version=2)

    after = REGISTRY.when("office", GrantProduct("prd_1")).then(GroupProductGranted(OFFICE, granted), version=2)
    given(world=after).when("office", RevokeProduct("prd_1")).then(
        GroupProductRevoked(granted, replace(OFFICE, version=3)), version=3
    )


def test_revoking_a_product_that_was_not_granted_is_unchanged() -> None:
    REGISTRY.when("office", RevokeProduct("prd_1")).then_nothing(version=1)


@pytest.mark.parametrize("body", [GrantProduct("prd_9"), RevokeProduct("prd_9")])
def test_a_product_must_exist(body: Body) -> None:
    REGISTRY.when("office", body).then_rejected(("reference-not-found", "/product_id"), version=1)


@pytest.mark.parametrize(
    "body",
    [
        UpdateGroup("office", SPRING_STREET),
        GrantProduct("prd_9"),
        RevokeProduct("prd_1"),
        AddGroupCode("pc:9"),
        RemoveGroupCode("pc:6"),
    ],
)
def test_a_group_that_does_not_exist_is_not_found(body: Body) -> None:
    DIRECTORY.when("office", body).then_rejected(("not-found", "subject"), version=None)
