"""Decisions on organizations."""

from service.core.group import AddGroupCode, RemoveGroupCode
from service.core.organization import Organization, OrganizationCreated, OrganizationUpdated, PutOrganization
from tests.unit.core.seed import REGISTRY
from tests.unit.core.specification import given, make_command

ARMSTRONG = Organization("pc:1", "Armstrong", "Active", (), insurer=False, version=1)


def test_put_creates_a_new_organization_with_defaults() -> None:
    given().when("pc:1", PutOrganization("Armstrong")).then(OrganizationCreated(ARMSTRONG), version=1)


def test_put_with_different_attributes_updates() -> None:
    after = Organization("pc:1", "Armstrong", "Limited", ("a.example", "b.example"), insurer=True, version=2)
    command = PutOrganization("Armstrong", "Limited", ("b.example", "a.example", "b.example"), insurer=True)

    given(make_command("pc:1", PutOrganization("Armstrong"))).when("pc:1", command).then(
        OrganizationUpdated(ARMSTRONG, after), version=2
    )


def test_put_of_the_same_domains_in_another_order_is_unchanged() -> None:
    state = given(make_command("pc:1", PutOrganization("Armstrong", domains=("a.example", "b.example"))))

    state.when("pc:1", PutOrganization("Armstrong", domains=("b.example", "a.example", "a.example"))).then_nothing(
        version=1
    )


def test_an_insurer_must_stay_one_while_a_group_holds_codes_of_others() -> None:
    state = given(make_command("headquarters", AddGroupCode("pc:16")), world=REGISTRY.world)

    state.when("insurer", PutOrganization("Allrisk")).then_rejected(("other-organization", "/insurer"), version=1)


def test_an_insurer_may_cease_to_be_one_after_the_codes_of_others_are_removed() -> None:
    before = REGISTRY.world.organizations["insurer"]
    state = given(
        make_command("headquarters", AddGroupCode("pc:16")),
        make_command("headquarters", RemoveGroupCode("pc:16")),
        world=REGISTRY.world,
    )

    state.when("insurer", PutOrganization("Allrisk")).then(
        OrganizationUpdated(before, Organization("insurer", "Allrisk", "Active", (), insurer=False, version=2))
    )


def test_other_attributes_of_an_insurer_may_change_while_a_group_holds_codes_of_others() -> None:
    before = REGISTRY.world.organizations["insurer"]
    state = given(make_command("headquarters", AddGroupCode("pc:16")), world=REGISTRY.world)

    state.when("insurer", PutOrganization("Allrisk", insurer=True)).then(
        OrganizationUpdated(before, Organization("insurer", "Allrisk", "Active", (), insurer=True, version=2))
    )
