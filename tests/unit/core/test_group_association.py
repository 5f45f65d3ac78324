"""Decisions on the producer codes of groups."""

import pytest

from service.core.association import GroupAssociation, GroupCodeAdded, GroupCodeRemoved
from service.core.command import Body
from service.core.group import AddGroupCode, RemoveGroupCode
from service.core.ids import association_id
from service.core.organization import PutOrganization
from tests.unit.core.seed import REGISTRY
from tests.unit.core.specification import given, make_command

OWN = GroupAssociation(association_id("group", "office", "pc:6"), "office", "pc:6")
FOREIGN = GroupAssociation(association_id("group", "headquarters", "pc:16"), "headquarters", "pc:16")
HELD = given(make_command("office", AddGroupCode("pc:6")), world=REGISTRY.world)


def test_a_group_holds_a_code_of_its_organization() -> None:
    after = REGISTRY.when("office", AddGroupCode("pc:6")).then(
        GroupCodeAdded("office", 2, OWN, "100-002541", foreign=False), version=2
    )

    assert after.groups["office"].held_foreign == 0
    assert after.group_associations == {("office", "pc:6"): OWN}


def test_a_group_cannot_hold_a_code_of_another_organization() -> None:
    REGISTRY.when("office", AddGroupCode("pc:16")).then_rejected(("other-organization", "/producerCode/id"), version=1)


def test_a_group_of_an_insurer_holds_a_code_of_another_organization() -> None:
    after = REGISTRY.when("headquarters", AddGroupCode("pc:16")).then(
        GroupCodeAdded("headquarters", 2, FOREIGN, "301-008578", foreign=True), version=2
    )

    assert after.groups["headquarters"].held_foreign == 1


def test_a_group_may_hold_codes_of_others_once_its_organization_is_an_insurer() -> None:
    state = given(make_command("pc:1", PutOrganization("Armstrong", insurer=True)), world=REGISTRY.world)
    held = GroupAssociation(association_id("group", "office", "pc:16"), "office", "pc:16")

    state.when("office", AddGroupCode("pc:16")).then(
        GroupCodeAdded("office", 2, held, "301-008578", foreign=True), version=2
    )


def test_removing_a_code_ends_the_association() -> None:
    after = HELD.when("office", RemoveGroupCode("pc:6")).then(
        GroupCodeRemoved("office", 3, OWN, "100-002541", foreign=False), version=3
    )

    assert after.group_associations == {}
    assert "pc:6" in after.codes, "an association is deleted, not the code"


def test_removing_a_code_of_another_organization_updates_the_counter() -> None:
    state = given(make_command("headquarters", AddGroupCode("pc:16")), world=REGISTRY.world)

    after = state.when("headquarters", RemoveGroupCode("pc:16")).then(
        GroupCodeRemoved("headquarters", 3, FOREIGN, "301-008578", foreign=True), version=3
    )

    assert after.groups["headquarters"].held_foreign == 0


def test_removing_a_code_that_is_not_held_is_unchanged() -> None:
    REGISTRY.when("office", RemoveGroupCode("pc:16")).then_nothing(version=1)


@pytest.mark.parametrize("body", [AddGroupCode("pc:9"), RemoveGroupCode("pc:9")])
def test_a_code_must_exist(body: Body) -> None:
    REGISTRY.when("office", body).then_rejected(("reference-not-found", "/producerCode/id"), version=1)
