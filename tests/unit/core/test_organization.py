"""Decisions on organizations."""

from service.core.group import AddGroupCode, RemoveGroupCode
from service.core.organization import Organization, OrganizationCreated, OrganizationUpdated, PutOrganization
from tests.unit.core.seed import REGISTRY
from tests.unit.core.specification import ask, given

ARMSTRONG = Organization("pc:1", "Armstrong", "Active", (), insurer=False, version=1)


def test_put_creates_with_the_defaults_when_it_is_new() -> None:
    given().when("pc:1", PutOrganization("Armstrong")).then(OrganizationCreated(ARMSTRONG), version=1)


def test_put_updates_when_it_says_something_else() -> None:
    after = Organization("pc:1", "Armstrong", "Limited", ("a.example", "b.example"), insurer=True, version=2)
    asked = PutOrganization("Armstrong", "Limited", ("b.example", "a.example", "b.example"), insurer=True)

    given(ask("pc:1", PutOrganization("Armstrong"))).when("pc:1", asked).then(
        OrganizationUpdated(ARMSTRONG, after), version=2
    )


def test_put_of_the_same_domains_in_another_order_is_nothing() -> None:
    there = given(ask("pc:1", PutOrganization("Armstrong", domains=("a.example", "b.example"))))

    there.when("pc:1", PutOrganization("Armstrong", domains=("b.example", "a.example", "a.example"))).then_nothing(
        version=1
    )


def test_an_insurer_stays_one_when_a_group_holds_codes_of_others() -> None:
    there = given(ask("headquarters", AddGroupCode("pc:16")), world=REGISTRY.world)

    there.when("insurer", PutOrganization("Allrisk")).then_rejected(("other-organization", "/insurer"), version=1)


def test_an_insurer_may_cease_to_be_one_when_the_codes_of_others_are_given_back() -> None:
    before = REGISTRY.world.organizations["insurer"]
    there = given(
        ask("headquarters", AddGroupCode("pc:16")),
        ask("headquarters", RemoveGroupCode("pc:16")),
        world=REGISTRY.world,
    )

    there.when("insurer", PutOrganization("Allrisk")).then(
        OrganizationUpdated(before, Organization("insurer", "Allrisk", "Active", (), insurer=False, version=2))
    )


def test_an_insurer_may_change_otherwise_when_a_group_holds_codes_of_others() -> None:
    before = REGISTRY.world.organizations["insurer"]
    there = given(ask("headquarters", AddGroupCode("pc:16")), world=REGISTRY.world)

    there.when("insurer", PutOrganization("Allrisk", insurer=True)).then(
        OrganizationUpdated(before, Organization("insurer", "Allrisk", "Active", (), insurer=True, version=2))
    )
