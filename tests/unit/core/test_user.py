"""Decisions on the creation and group membership of users."""

from dataclasses import replace

import pytest

from service.core.command import Body
from service.core.group import CreateGroup
from service.core.organization import PutOrganization
from service.core.user import (
    AddUserCode,
    CreateUser,
    GroupJoined,
    GroupLeft,
    JoinGroup,
    LeaveGroup,
    RemoveUserCode,
    UpdateUser,
    User,
    UserCreated,
)
from tests.unit.core.seed import DIRECTORY, REGISTRY
from tests.unit.core.specification import given, make_command

ANN = User(
    "ann", "Ann", "ann@example.com", "pc:1", None, None, (), enabled=True, external_user=True, code_secured=True,
    held=0, held_foreign=0, version=1,
)  # fmt: skip


def test_the_defaults_are_an_enabled_external_user_under_security() -> None:
    DIRECTORY.when("ann", CreateUser("Ann", "ann@example.com", "pc:1")).then(UserCreated(ANN), version=1)


def test_a_user_of_an_insurer_is_internal_by_default() -> None:
    ida = replace(ANN, id="ida", name="Ida", organization_id="insurer", external_user=False)
    command = CreateUser("Ida", "ann@example.com", "insurer")

    DIRECTORY.when("ida", command).then(UserCreated(ida))
    DIRECTORY.when("ida", replace(command, external_user=True)).then(UserCreated(replace(ida, external_user=True)))


def test_create_keeps_all_attributes() -> None:
    command = CreateUser(
        "Ann", "ann@example.com", "pc:1", "ext-1", "ann", ("west", "office", "west"), enabled=False,
        external_user=False, code_secured=False,
    )  # fmt: skip
    after = replace(
        ANN, external_id="ext-1", username="ann", group_ids=("office", "west"), enabled=False, external_user=False,
        code_secured=False,
    )  # fmt: skip
    state = given(
        make_command("west", CreateGroup("region", "West", "pc:1")),
        make_command("office", CreateGroup("region", "Office", "pc:1")),
        world=DIRECTORY.world,
    )  # fmt: skip

    state.when("ann", command).then(UserCreated(after), version=1)


def test_create_is_rejected_with_all_problems() -> None:
    state = given(
        make_command("bob", CreateUser("Bob", "bob@example.com", "pc:1", username="bob")), world=REGISTRY.world
    )

    state.when(
        "bob2", CreateUser("Bob", "bob@example.com", "nobody", username="bob", group_ids=("x", "office"))
    ).then_rejected(
        ("reference-not-found", "/groups/0"),
        ("other-organization", "/groups/1"),
        ("reference-not-found", "/organization/id"),
        ("already-exists", "/username"),
        version=None,
    )


def test_the_path_of_a_missing_organization_is_the_one_in_the_body() -> None:
    command = CreateUser("Bob", "bob@example.com", "nobody", organization_path="/distributor_id")

    REGISTRY.when("bob", command).then_rejected(("reference-not-found", "/distributor_id"), version=None)


def test_create_of_the_same_content_is_unchanged_while_the_user_holds_codes() -> None:
    state = given(make_command("ann", AddUserCode("pc:6")), world=REGISTRY.world)

    state.when("ann", CreateUser("Ann", "ann@example.com", "pc:1")).then_nothing(version=2)


@pytest.mark.parametrize(
    "body",
    [
        CreateUser("Anne", "ann@example.com", "pc:1"),
        CreateUser("Ann", "anne@example.com", "pc:1"),
        CreateUser("Ann", "ann@example.com", "pc:4"),
        CreateUser("Ann", "ann@example.com", "pc:1", external_id="x"),
        CreateUser("Ann", "ann@example.com", "pc:1", username="ann"),
        CreateUser("Ann", "ann@example.com", "pc:1", group_ids=("office",)),
        CreateUser("Ann", "ann@example.com", "pc:1", enabled=False),
        CreateUser("Ann", "ann@example.com", "pc:1", external_user=False),
        CreateUser("Ann", "ann@example.com", "pc:1", code_secured=False),
    ],
)
def test_create_is_rejected_when_the_user_exists_with_different_content(body: Body) -> None:
    REGISTRY.when("ann", body).then_rejected(("already-exists", "subject"), version=1)


def test_the_default_of_a_create_depends_on_the_current_organization() -> None:
    state = given(make_command("pc:1", PutOrganization("Armstrong", insurer=True)), world=REGISTRY.world)

    state.when("ann", CreateUser("Ann", "ann@example.com", "pc:1")).then_rejected(
        ("already-exists", "subject"), version=1
    )


def test_a_user_joins_and_leaves_a_group() -> None:
    member = replace(ANN, group_ids=("office",), version=2)

    after = REGISTRY.when("ann", JoinGroup("office")).then(GroupJoined(ANN, member), version=2)
    given(world=after).when("ann", LeaveGroup("office")).then(GroupLeft(member, replace(ANN, version=3)), version=3)


def test_leaving_a_group_without_membership_is_unchanged() -> None:
    REGISTRY.when("ann", LeaveGroup("office")).then_nothing(version=1)
    REGISTRY.when("ann", LeaveGroup("headquarters")).then_nothing(version=1)


def test_a_user_cannot_join_a_group_of_another_organization() -> None:
    REGISTRY.when("ann", JoinGroup("headquarters")).then_rejected(("other-organization", "/group_id"), version=1)


@pytest.mark.parametrize("body", [JoinGroup("nowhere"), LeaveGroup("nowhere")])
def test_a_group_must_exist(body: Body) -> None:
    REGISTRY.when("ann", body).then_rejected(("reference-not-found", "/group_id"), version=1)


@pytest.mark.parametrize(
    "body", [UpdateUser({"name": None}), JoinGroup("nowhere"), LeaveGroup("x"), AddUserCode("x"), RemoveUserCode("x")]
)
def test_a_user_that_does_not_exist_is_not_found(body: Body) -> None:
    REGISTRY.when("bob", body).then_rejected(("not-found", "subject"), version=None)
