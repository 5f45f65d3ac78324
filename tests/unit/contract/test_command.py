"""Conversion of valid command data to commands of the core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from service.core import group, organization, producer_code, reference, user
from service.core.command import Body
from tests.unit.contract.seed import HARBOR_DRIVE, SPRING_STREET
from tests.unit.contract.support import received, record

OFFICE = {"type": "office", "value": SPRING_STREET, "distributor_id": "pc:1"}
SPRING = group.Address("1 Spring Street", None, None, None, "Los Angeles", "CA", "90012", "US")
RAY = {"name": "Ray", "email": "ray@armstrong.example"}
CODE = {"code": "301-008579", "organization": {"id": "pc:4"}, "roles": [{"id": "producer"}]}


def body(name: str, data: Mapping[str, Any]) -> Body:
    """Read the data of a command with the subject pc:669."""
    sent = {"type": name, "id": "c-1", "source": "/agency-management", "subject": "pc:669", "data": data}
    return received(record(sent)).command.body


READ: dict[str, tuple[str, Mapping[str, Any], Body]] = {
    "an office": ("group.create", OFFICE, group.CreateGroup("office", SPRING, "pc:1")),
    "an office with empty lines": (
        "group.create",
        {**OFFICE, "value": {**HARBOR_DRIVE, "line2": "", "line3": None}},
        group.CreateGroup(
            "office",
            group.Address("2 Harbor Drive", "", None, "Armstrong and Company", "San Diego", "CA", "92101", "US"),
            "pc:1",
        ),
    ),
    "a region": (
        "group.create",
        {"type": "region", "value": "West", "distributor_id": "pc:1"},
        group.CreateGroup("region", "West", "pc:1"),
    ),
    "a division": (
        "group.update",
        {"type": "division", "value": "Claims", "distributor_id": "pc:1"},
        group.UpdateGroup("division", "Claims", "pc:1"),
    ),
    "an update without distributor": (
        "group.update",
        {"type": "office", "value": SPRING_STREET},
        group.UpdateGroup("office", SPRING, None),
    ),
    "a code with required fields": (
        "producer-code.create",
        CODE,
        producer_code.CreateCode("301-008579", "pc:4", ("producer",)),
    ),
    "a code with all fields": (
        "producer-code.create",
        {
            **CODE,
            "roles": [{"id": "b"}, {"id": "a"}, {"id": "b"}],
            "description": "ACV Property Insurance",
            "branch": {"id": "pc:S17"},
            "producerStatus": {"code": "Limited", "name": "Limited"},
            "appointmentDate": "2022-07-09",
            "terminationDate": "2024-02-29",
        },
        producer_code.CreateCode(
            "301-008579",
            "pc:4",
            ("b", "a", "b"),
            "ACV Property Insurance",
            "pc:S17",
            "Limited",
            "2022-07-09",
            "2024-02-29",
        ),
    ),
    "a code with nulls": (
        "producer-code.create",
        {**CODE, "description": None, "branch": None, "producerStatus": None, "appointmentDate": None},
        producer_code.CreateCode("301-008579", "pc:4", ("producer",)),
    ),
    "a patch of one field": (
        "producer-code.update",
        {"appointmentDate": "2022-07-09"},
        producer_code.UpdateCode({"appointment_date": "2022-07-09"}),
    ),
    "an empty patch": ("producer-code.update", {}, producer_code.UpdateCode({})),
    "a patch of every field": (
        "producer-code.update",
        {**CODE, "description": "", "branch": {"id": "b"}, "producerStatus": {"code": "Suspended"}},
        producer_code.UpdateCode(
            {
                "code": "301-008579",
                "description": "",
                "organization_id": "pc:4",
                "role_ids": ("producer",),
                "branch_id": "b",
                "status": "Suspended",
            }
        ),
    ),
    "a patch that clears": (
        "producer-code.update",
        {"description": None, "branch": None, "producerStatus": None, "terminationDate": None},
        producer_code.UpdateCode(
            {"description": None, "termination_date": None, "branch_id": None, "status": "Active"}
        ),
    ),
    "a user with required fields": (
        "user.create",
        {**RAY, "organization": {"id": "pc:1"}},
        user.CreateUser("Ray", "ray@armstrong.example", "pc:1"),
    ),
    "a user of a distributor": (
        "user.create",
        {**RAY, "distributor_id": "pc:1"},
        user.CreateUser("Ray", "ray@armstrong.example", "pc:1", organization_path="/distributor_id"),
    ),
    "a user with all fields": (
        "user.create",
        {
            **RAY,
            "organization": {"id": "pc:1"},
            "distributor_id": "pc:1",
            "external_id": "E-1",
            "username": "ray",
            "groups": ["g2", "g1"],
            "enabled": False,
            "externalUser": False,
            "useProducerCodeSecurity": False,
        },
        user.CreateUser("Ray", "ray@armstrong.example", "pc:1", "E-1", "ray", ("g2", "g1"), False, False, False),
    ),
    "a username that is not normalized": (
        "user.create",
        {**RAY, "organization": {"id": "pc:1"}, "username": "mu\u0308ller \u5c71"},
        user.CreateUser("Ray", "ray@armstrong.example", "pc:1", username="m\u00fcller \u5c71"),
    ),
    "a patch with a username that is not normalized": (
        "user.update",
        {"username": "\u212bngstr\u00f6m"},
        user.UpdateUser({"username": "\u00c5ngstr\u00f6m"}, "/distributor_id"),
    ),
    "an office abroad": (
        "group.create",
        {
            "type": "office",
            "value": {"line1": "1 Queen's Road", "city": "Hong Kong", "country_code": "HK"},
            "distributor_id": "pc:1",
        },
        group.CreateGroup(
            "office", group.Address("1 Queen's Road", None, None, None, "Hong Kong", None, None, "HK"), "pc:1"
        ),
    ),
    "a user with nulls": (
        "user.create",
        {**RAY, "organization": {"id": "pc:1"}, "groups": None, "enabled": None, "useProducerCodeSecurity": None},
        user.CreateUser("Ray", "ray@armstrong.example", "pc:1"),
    ),
    "a patch of a user": (
        "user.update",
        {"username": None, "groups": ["g1"], "enabled": False, "externalUser": None, "useProducerCodeSecurity": None},
        user.UpdateUser(
            {
                "username": None,
                "enabled": False,
                "external_user": None,
                "code_secured": None,
                "group_ids": ("g1",),
            },
            "/distributor_id",
        ),
    ),
    "a patch with organization": (
        "user.update",
        {"organization": {"id": "pc:1"}, "groups": None},
        user.UpdateUser({"group_ids": (), "organization_id": "pc:1"}),
    ),
    "a patch with distributor": (
        "user.update",
        {"distributor_id": "pc:1"},
        user.UpdateUser({"organization_id": "pc:1"}, "/distributor_id"),
    ),
    "a user's code with all roles": (
        "user.add-producer-code",
        {"producerCode": {"id": "pc:535"}},
        user.AddUserCode("pc:535", None),
    ),
    "a user's code with roles null": (
        "user.add-producer-code",
        {"producerCode": {"id": "pc:535"}, "roles": None},
        user.AddUserCode("pc:535", None),
    ),
    "a user's code with no role": (
        "user.add-producer-code",
        {"producerCode": {"id": "pc:535"}, "roles": []},
        user.AddUserCode("pc:535", ()),
    ),
    "removal of a user's code with roles": (
        "user.remove-producer-code",
        {"producerCode": {"id": "pc:535"}, "roles": [{"id": "x"}]},
        user.RemoveUserCode("pc:535"),
    ),
}

PUT: dict[str, tuple[str, Mapping[str, Any], Body]] = {
    "an organization with required fields": (
        "organization.put",
        {"displayName": "Armstrong and Company"},
        organization.PutOrganization("Armstrong and Company"),
    ),
    "an organization with its own id": (
        "organization.put",
        {
            "id": "pc:669",
            "type": "Organization",
            "displayName": "Allrisk Insurance",
            "insurer": True,
            "domains": ["b", "a"],
            "producerStatus": {"code": "Limited"},
        },
        organization.PutOrganization("Allrisk Insurance", "Limited", ("b", "a"), insurer=True),
    ),
    "an organization with nulls": (
        "organization.put",
        {"displayName": "A", "insurer": None, "domains": None, "producerStatus": None},
        organization.PutOrganization("A"),
    ),
    "a branch": (
        "branch.put",
        {"id": "pc:669", "branchCode": "501", "displayName": "Los Angeles Branch UW"},
        reference.PutBranch("501", "Los Angeles Branch UW"),
    ),
    "a role": ("role.put", {"displayName": "Producer"}, reference.PutRole("Producer")),
    "a role with permissions": (
        "role.put",
        {"displayName": "Producer", "permissions": ["quote job"]},
        reference.PutRole("Producer", ("quote job",)),
    ),
    "a product": (
        "product.put",
        {"name": "Cyber", "institution_id": "ins_1", "product_line": "cyber"},
        reference.PutProduct("Cyber", "ins_1", "cyber"),
    ),
}


@pytest.mark.parametrize(("name", "data", "expected"), [*READ.values(), *PUT.values()], ids=[*READ, *PUT])
def test_valid_data_is_converted_to_a_command_of_the_core(name: str, data: Mapping[str, Any], expected: Body) -> None:
    assert body(name, data) == expected
