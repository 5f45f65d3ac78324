"""Decisions on producer codes."""

from dataclasses import replace
from typing import Any

import pytest

from service.core.command import Body
from service.core.producer_code import CreateCode, ProducerCode, ProducerCodeCreated, ProducerCodeUpdated, UpdateCode
from service.core.user import AddUserCode
from tests.unit.core.seed import DIRECTORY, REGISTRY
from tests.unit.core.specification import given, make_command

CODE = ProducerCode("pc:6", "100-002541", "pc:1", ("producer", "submission"), None, None, "Active", None, None, 1)


def test_create_makes_an_active_code() -> None:
    DIRECTORY.when("pc:6", CreateCode("100-002541", "pc:1", ("submission", "producer", "producer"))).then(
        ProducerCodeCreated(CODE), version=1
    )


def test_create_keeps_all_attributes() -> None:
    after = ProducerCode(
        "pc:6", "AI-50701", "pc:1", ("producer",), "Premier", "branch-501", "Limited", "2022-07-09", "2022-07-09", 1
    )
    command = CreateCode(
        "AI-50701", "pc:1", ("producer",), "Premier", "branch-501", "Limited", "2022-07-09", "2022-07-09"
    )

    DIRECTORY.when("pc:6", command).then(ProducerCodeCreated(after), version=1)


def test_create_is_rejected_with_all_problems() -> None:
    command = CreateCode(
        "301-008578", "nobody", ("producer", "x", "y"), None, "branch-9", "Active", "2022-07-10", "2022-07-09"
    )

    REGISTRY.when("pc:7", command).then_rejected(
        ("reference-not-found", "/branch/id"),
        ("code-taken", "/code"),
        ("reference-not-found", "/organization/id"),
        ("reference-not-found", "/roles/1/id"),
        ("reference-not-found", "/roles/2/id"),
        ("invalid", "/terminationDate"),
        version=None,
    )


def test_create_is_rejected_when_the_string_is_taken_ignoring_case() -> None:
    state = given(make_command("a", CreateCode("AI-50701", "pc:1", ("producer",))), world=DIRECTORY.world)

    state.when("b", CreateCode("ai-50701", "pc:1", ("producer",))).then_rejected(("code-taken", "/code"), version=None)


def test_a_code_has_at_least_one_role() -> None:
    DIRECTORY.when("pc:6", CreateCode("100-002541", "pc:1", ())).then_rejected(("invalid", "/roles"), version=None)
    REGISTRY.when("pc:6", UpdateCode({"role_ids": ()})).then_rejected(("invalid", "/roles"), version=1)
    REGISTRY.when("pc:6", UpdateCode({"role_ids": None})).then_rejected(("invalid", "/roles"), version=1)


def test_create_of_the_same_content_is_unchanged_while_a_user_holds_the_code() -> None:
    state = given(make_command("ann", AddUserCode("pc:6")), world=REGISTRY.world)

    state.when("pc:6", CreateCode("100-002541", "pc:1", ("submission", "producer"))).then_nothing(version=1)


@pytest.mark.parametrize(
    "body",
    [
        CreateCode("100-002542", "pc:1", ("producer", "submission")),
        CreateCode("100-002541", "pc:4", ("producer", "submission")),
        CreateCode("100-002541", "pc:1", ("producer",)),
        CreateCode("100-002541", "pc:1", ("producer", "submission"), "Premier"),
        CreateCode("100-002541", "pc:1", ("producer", "submission"), branch_id="branch-501"),
        CreateCode("100-002541", "pc:1", ("producer", "submission"), status="Limited"),
        CreateCode("100-002541", "pc:1", ("producer", "submission"), appointment_date="2022-07-09"),
        CreateCode("100-002541", "pc:1", ("producer", "submission"), termination_date="2022-07-09"),
    ],
)
def test_create_is_rejected_when_the_code_exists_with_different_content(body: Body) -> None:
    REGISTRY.when("pc:6", body).then_rejected(("already-exists", "subject"), version=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"appointment_date": "2022-07-09"},
        {"termination_date": "2022-07-09"},
        {"role_ids": ("producer",)},
        {"description": "Premier", "branch_id": "branch-501", "status": "Terminated"},
    ],
)
def test_update_changes_the_given_attributes(changes: dict[str, Any]) -> None:
    after = replace(CODE, **changes, version=2)

    REGISTRY.when("pc:6", UpdateCode(changes)).then(ProducerCodeUpdated(CODE, after), version=2)


def test_null_clears_an_attribute() -> None:
    full: dict[str, Any] = {
        "description": "Premier",
        "branch_id": "branch-501",
        "status": "Limited",
        "appointment_date": "2022-07-09",
        "termination_date": "2023-07-09",
    }
    state = given(make_command("pc:6", UpdateCode(full)), world=REGISTRY.world)

    state.when("pc:6", UpdateCode(dict.fromkeys(full))).then(
        ProducerCodeUpdated(replace(CODE, **full, version=2), replace(CODE, version=3)),
        version=3,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"code": "100-002541", "organization_id": "pc:1"},
        {"role_ids": ("submission", "producer", "submission")},
        {"description": None, "status": None},
    ],
)
def test_update_that_changes_nothing_is_unchanged(changes: dict[str, Any]) -> None:
    REGISTRY.when("pc:6", UpdateCode(changes)).then_nothing(version=1)


def test_update_is_rejected_with_all_problems() -> None:
    changes = {"code": "100-002541X", "organization_id": "pc:4", "role_ids": ("x",), "branch_id": "branch-9"}

    REGISTRY.when("pc:6", UpdateCode(changes)).then_rejected(
        ("reference-not-found", "/branch/id"),
        ("immutable-field", "/code"),
        ("immutable-field", "/organization/id"),
        ("reference-not-found", "/roles/0/id"),
        version=1,
    )


def test_the_case_of_a_code_string_cannot_change() -> None:
    state = given(make_command("a", CreateCode("AI-50701", "pc:1", ("producer",))), world=DIRECTORY.world)

    state.when("a", UpdateCode({"code": "ai-50701"})).then_rejected(("immutable-field", "/code"), version=1)


def test_a_new_date_is_checked_against_the_existing_one() -> None:
    state = given(
        make_command("pc:6", UpdateCode({"appointment_date": "2022-07-09", "termination_date": "2023-07-09"})),
        world=REGISTRY.world,
    )

    state.when("pc:6", UpdateCode({"appointment_date": "2023-07-10"})).then_rejected(
        ("invalid", "/appointmentDate"), version=2
    )
    state.when("pc:6", UpdateCode({"termination_date": "2022-07-08"})).then_rejected(
        ("invalid", "/terminationDate"), version=2
    )


def test_a_code_that_does_not_exist_is_not_found() -> None:
    REGISTRY.when("pc:7", UpdateCode({"code": "x", "branch_id": "y"})).then_rejected(
        ("not-found", "subject"), version=None
    )
