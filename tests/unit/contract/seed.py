"""One command of each type with seed data, and the resulting events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from service.contract.change import Snapshot
from service.contract.sending import command_event
from service.core import group, organization, producer_code, reference, user
from service.core.association import (
    GroupAssociation,
    GroupCodeAdded,
    GroupCodeRemoved,
    UserAssociation,
    UserCodeAdded,
    UserCodeRemoved,
)
from service.core.event import Event
from service.core.ids import association_id
from tests.support.states import new_branch, new_code, new_group, new_organization, new_product, new_role, new_user

AGENCY: Final = "/agency-management"
OPERATOR: Final = "/operator"

SPRING_STREET: Final[dict[str, Any]] = {
    "line1": "1 Spring Street",
    "city": "Los Angeles",
    "state": "CA",
    "postal_code": "90012",
    "country_code": "US",
}
HARBOR_DRIVE: Final[dict[str, Any]] = {
    "line1": "2 Harbor Drive",
    "line2": "Floor 3",
    "organization": "Armstrong and Company",
    "city": "San Diego",
    "state": "CA",
    "postal_code": "92101",
    "country_code": "US",
}


def _sent(name: str, subject: str | None, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    source = OPERATOR if name.endswith((".put", "-product")) else AGENCY
    return command_event(name, data, id=f"seed-{name}", source=source, subject=subject, **more)


EVENTS_OF_COMMANDS: Final[dict[str, dict[str, Any]]] = {
    event["type"].removeprefix("producer-registry.").removesuffix(".v1"): event
    for event in (
        _sent("group.create", None, {"type": "office", "value": SPRING_STREET, "distributor_id": "pc:1"}),
        _sent("group.update", "pc:669", {"type": "office", "value": HARBOR_DRIVE}, expectedversion=1),
        _sent("group.add-producer-code", "pc:669", {"producerCode": {"id": "pc:17"}}, partitionkey="pc:1"),
        _sent("group.remove-producer-code", "pc:669", {"producerCode": {"id": "pc:17"}}, partitionkey="pc:1"),
        _sent("group.grant-product", "pc:669", {"product_id": "prd_cyber"}),
        _sent("group.revoke-product", "pc:669", {"product_id": "prd_cyber"}),
        _sent(
            "producer-code.create",
            None,
            {"code": "301-008579", "organization": {"id": "pc:4"}, "roles": [{"id": "producer"}]},
        ),
        _sent("producer-code.update", "pc:664", {"appointmentDate": "2022-07-09"}),
        _sent(
            "user.create",
            "pc:310",
            {
                "name": "Ray Newton",
                "email": "ray.newton@armstrong.example",
                "organization": {"id": "pc:1"},
                "username": "rnewton",
                "groups": ["pc:669"],
            },
            correlationid="onboarding-7",
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            tracestate="vendor=1",
        ),
        _sent("user.update", "pc:310", {"external_id": "E-17", "username": None, "groups": []}),
        _sent("user.join-group", "pc:310", {"group_id": "pc:669"}),
        _sent("user.leave-group", "pc:310", {"group_id": "pc:669"}),
        _sent(
            "user.add-producer-code",
            "pc:310",
            {"producerCode": {"id": "pc:535"}, "roles": [{"id": "producercode_submission"}]},
        ),
        _sent("user.remove-producer-code", "pc:310", {"producerCode": {"id": "pc:535"}}),
        _sent(
            "organization.put",
            "pc:4",
            {
                "displayName": "ACV Property Insurance",
                "type": "Organization",
                "producerStatus": {"code": "Active", "name": "Active"},
                "domains": ["acv.example"],
                "insurer": False,
            },
        ),
        _sent(
            "branch.put",
            "pc:S17f59YeYbDQEVkdUiua9",
            {"branchCode": "301", "displayName": "Minneapolis Branch UW"},
        ),
        _sent(
            "role.put",
            "producercode_submission",
            {"displayName": "Producer Code - Submissions", "permissions": ["create account", "quote job"]},
        ),
        _sent(
            "product.put",
            "prd_cyber",
            {"name": "Cyber", "institution_id": "ins_allrisk", "product_line": "cyber"},
        ),
    )
}
"""The structured events of all commands, by command name."""

_SPRING = group.Address("1 Spring Street", None, None, None, "Los Angeles", "CA", "90012", "US")
_HARBOR = group.Address("2 Harbor Drive", "Floor 3", None, "Armstrong and Company", "San Diego", "CA", "92101", "US")
OFFICE: Final = new_group("pc:669", "office", _SPRING, "pc:1")
_MOVED = replace(OFFICE, value=_HARBOR, version=2)
_GRANTED = replace(_MOVED, product_ids=("prd_cyber",), version=3)
_REVOKED = replace(_MOVED, version=4)
CODE: Final = new_code(
    "pc:16", "301-008578", "pc:4", description="ACV Property Insurance", branch_id="pc:S17f59YeYbDQEVkdUiua9"
)
_APPOINTED = replace(
    CODE, role_ids=("producer", "submitter"), description=None, branch_id=None, status="Limited",
    appointment_date="2022-07-09", version=2,
)  # fmt: skip
RAY: Final = new_user("pc:310", "Ray Newton", "pc:1", email="ray@armstrong.example", username="rnewton")
_KNOWN = replace(RAY, external_id="E-17", username=None, enabled=False, version=2)
_JOINED = replace(_KNOWN, group_ids=("pc:669",), version=3)
_LEFT = replace(_KNOWN, version=4)
ACV: Final = new_organization("pc:4", "ACV Property Insurance", domains=("acv.example",))
_LIMITED = replace(ACV, status="Limited", domains=(), version=2)
BRANCH: Final = new_branch("pc:SKLwZJB_J2trSnepw0UsV", "501", "Los Angeles Branch")
_BRANCH_UW = replace(BRANCH, display_name="Los Angeles Branch UW", version=2)
ROLE: Final = new_role("producercode_submission", "Producer Code - Submissions", ("quote job",))
_ROLE_MORE = replace(ROLE, permissions=("create account", "quote job"), version=2)
PRODUCT: Final = new_product("prd_cyber", "Cyber", "ins_allrisk", "cyber")
_RENAMED = replace(PRODUCT, name="Cyber Plus", version=2)
GROUP_HOLDS: Final = GroupAssociation(association_id("group", "pc:669", "pc:17"), "pc:669", "pc:17")
RAY_HOLDS: Final = UserAssociation(
    association_id("user", "pc:310", "pc:535"), "pc:310", "pc:535", ("producercode_submission",)
)

EVENTS: Final[dict[str, Event]] = {
    "group.created": group.GroupCreated(OFFICE),
    "group.updated": group.GroupUpdated(OFFICE, _MOVED),
    "group.product-granted": group.GroupProductGranted(_MOVED, _GRANTED),
    "group.product-revoked": group.GroupProductRevoked(_GRANTED, _REVOKED),
    "group.producer-code-added": GroupCodeAdded("pc:669", 5, GROUP_HOLDS, "501-002542", foreign=False),
    "group.producer-code-removed": GroupCodeRemoved("pc:669", 6, GROUP_HOLDS, "501-002542", foreign=False),
    "producer-code.created": producer_code.ProducerCodeCreated(CODE),
    "producer-code.updated": producer_code.ProducerCodeUpdated(CODE, _APPOINTED),
    "user.created": user.UserCreated(RAY),
    "user.updated": user.UserUpdated(RAY, _KNOWN),
    "user.group-joined": user.GroupJoined(_KNOWN, _JOINED),
    "user.group-left": user.GroupLeft(_JOINED, _LEFT),
    "user.producer-code-added": UserCodeAdded("pc:310", 5, RAY_HOLDS, "301-008578", foreign=True),
    "user.producer-code-removed": UserCodeRemoved("pc:310", 6, RAY_HOLDS, "301-008578", foreign=True),
    "organization.created": organization.OrganizationCreated(ACV),
    "organization.updated": organization.OrganizationUpdated(ACV, _LIMITED),
    "branch.created": reference.BranchCreated(BRANCH),
    "branch.updated": reference.BranchUpdated(BRANCH, _BRANCH_UW),
    "role.created": reference.RoleCreated(ROLE),
    "role.updated": reference.RoleUpdated(ROLE, _ROLE_MORE),
    "product.created": reference.ProductCreated(PRODUCT),
    "product.updated": reference.ProductUpdated(PRODUCT, _RENAMED),
}
"""One event of each type, by name."""

STATES: Final[tuple[Snapshot, ...]] = (OFFICE, CODE, RAY, ACV, BRANCH, ROLE, PRODUCT)
