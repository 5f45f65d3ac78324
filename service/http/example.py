"""Examples for the OpenAPI document: what the demo's registry answers at its end, and requests that it accepts then."""

from typing import Any, Final

_GET: Final = ["get"]


def _href(path: str) -> dict[str, Any]:
    return {"href": path, "methods": _GET}


def _item(attributes: dict[str, Any], path: str, checksum: str) -> dict[str, Any]:
    return {"attributes": attributes, "checksum": checksum, "links": {"self": _href(path)}}


def _page(item: dict[str, Any], path: str) -> dict[str, Any]:
    return {"count": 1, "data": [item], "links": {"first": _href(path), "self": _href(path)}}


def _organization(id_: str, name: str) -> dict[str, Any]:
    return {"displayName": name, "id": id_, "type": "Organization", "uri": f"/admin/v1/organizations/{id_}"}


def _role(id_: str, name: str) -> dict[str, Any]:
    return {"displayName": name, "id": id_, "type": "Role", "uri": f"/admin/v1/roles/{id_}"}


_ACTIVE: Final = {"code": "Active", "name": "Active"}
_MINNEAPOLIS: Final = {"branchCode": "301", "displayName": "Minneapolis Branch UW", "id": "pc:S17f59YeYbDQEVkdUiua9"}
_LOS_ANGELES: Final = {"branchCode": "501", "displayName": "Los Angeles Branch UW", "id": "pc:SKLwZJB_J2trSnepw0UsV"}
_SUBMISSIONS: Final = _role("producercode_submission", "Producer Code - Submissions")
_ROLES: Final = [_role("producer", "Producer"), _SUBMISSIONS]
_CODE: Final = _item(
    {
        "branch": _MINNEAPOLIS,
        "code": "301-008578",
        "description": "ACV Property Insurance",
        "displayName": "301-008578",
        "id": "pc:16",
        "organization": _organization("pc:4", "ACV Property Insurance"),
        "producerStatus": _ACTIVE,
        "roles": _ROLES,
    },
    "/admin/v1/producer-codes/pc:16",
    "1-cfb42546d9c78820",
)
_CODE_OF_CALLER: Final = _item(
    {
        "branch": _LOS_ANGELES,
        "code": "501-002543",
        "description": "Armstrong (San Diego)",
        "displayName": "501-002543",
        "id": "pc:535",
        "organization": _organization("pc:1", "Armstrong and Company"),
        "producerStatus": _ACTIVE,
        "roles": _ROLES,
    },
    "/admin/v1/producer-codes/pc:535",
    "1-63f89ad16b235b11",
)
_USER_CODE: Final = _item(
    {
        "id": "a12562e8-12ad-5766-9b5e-556b382c61ec",
        "producerCode": {"displayName": "501-002543", "id": "pc:535"},
        "roles": [_SUBMISSIONS],
    },
    "/admin/v1/users/pc:310/producer-codes/pc:535",
    "2-0fd3084015ccfce9",
)
_GROUP_CODE: Final = _item(
    {
        "branch": _LOS_ANGELES,
        "code": "501-002542",
        "description": "Armstrong (Los Angeles)",
        "id": "6d793200-db0e-5107-88f2-259d0edb416e",
        "producerCode": {"displayName": "501-002542", "id": "pc:17"},
        "producerStatus": _ACTIVE,
    },
    "/admin/v1/groups/pc:669/producer-codes/pc:17",
    "4-e74a8a678b83312e",
)
_ADDRESS: Final = {
    "line1": "350 South Grand Avenue",
    "line2": "Floor 31",
    "organization": "Armstrong and Company",
    "city": "Los Angeles",
    "state": "CA",
    "postal_code": "90071",
    "country_code": "USA",
}
_GROUP: Final = {
    "id": "pc:669",
    "type": "office",
    "value": _ADDRESS,
    "distributor_id": "pc:1",
    "producers": [
        {"id": "pc:305", "name": "Ruth Okafor", "email": "ruth@armstrong.example"},
        {"id": "pc:310", "name": "Dana Whitfield", "email": "dana@armstrong.example", "external_id": "A-310"},
    ],
    "products": [
        {
            "id": "prd_general_liability",
            "name": "General Liability",
            "institution_id": "ist_acv",
            "product_line": "general_liability",
        }
    ],
}
_PRODUCER: Final = {
    "id": "pc:310",
    "name": "Dana Whitfield",
    "email": "dana@armstrong.example",
    "external_id": "A-310",
    "enabled": True,
    "distributor": {"id": "pc:1", "name": "Armstrong and Company"},
    "groups": ["pc:669"],
}

ACCOUNT_PAGE: Final = _page(_CODE_OF_CALLER, "/account/v1/producer-codes")
CODE_PAGE: Final = _page(_CODE, "/admin/v1/producer-codes")
ORGANIZATION_CODE_PAGE: Final = _page(_CODE, "/admin/v1/organizations/pc:4/producer-codes")
CODE: Final = {"data": _CODE}
USER_CODE_PAGE: Final = _page(_USER_CODE, "/admin/v1/users/pc:310/producer-codes")
USER_CODE: Final = {"data": _USER_CODE}
GROUP_CODE_PAGE: Final = _page(_GROUP_CODE, "/admin/v1/groups/pc:669/producer-codes")
GROUP_CODE: Final = {"data": _GROUP_CODE}
ORGANIZATION: Final = {
    "data": _item(
        {
            "displayName": "ACV Property Insurance",
            "domains": [],
            "id": "pc:4",
            "insurer": False,
            "producerStatus": _ACTIVE,
            "type": "Organization",
        },
        "/admin/v1/organizations/pc:4",
        "1-a1d434e321a0bfec",
    )
}
ROLE: Final = {
    "data": _item(
        {"displayName": "Producer", "id": "producer", "permissions": ["create account", "quote job"], "type": "Role"},
        "/admin/v1/roles/producer",
        "1-797bef4dbb2ad4bc",
    )
}
GROUP_PAGE: Final = {"groups": [_GROUP]}
GROUP: Final = {"group": _GROUP}
PRODUCER_PAGE: Final = {"producers": [_PRODUCER]}
PRODUCER: Final = {"producer": _PRODUCER}
COMMAND: Final = {
    "status": "accepted",
    "command": {"source": "/demo", "id": "01", "type": "producer-registry.organization.put.v1"},
    "subject": "pc:1",
    "version": 1,
    "events": ["0303afd8-9d23-560e-ba86-8c41f97d7bf2"],
}
NEW_CODE: Final = {
    "data": {"attributes": {"code": "301-008581", "organization": {"id": "pc:4"}, "roles": [{"id": "producer"}]}}
}
CHANGED_CODE: Final = {"data": {"attributes": {"appointmentDate": "2022-07-09"}}}
NEW_GROUP: Final = {"type": "office", "value": _ADDRESS, "distributor_id": "pc:1"}
CHANGED_GROUP: Final = {**NEW_GROUP, "value": {**_ADDRESS, "line2": "Floor 32"}}
NEW_PRODUCER: Final = {
    "name": "Ann Smith",
    "email": "ann@example.com",
    "external_id": "A-311",
    "distributor_id": "pc:1",
    "groups": ["pc:669"],
}
CHANGED_PRODUCER: Final = {
    "name": "Dana Whitfield",
    "email": "dana.whitfield@armstrong.example",
    "external_id": "A-310",
    "groups": ["pc:669"],
}
NEW_USER_CODE: Final = {"data": {"attributes": {"producerCode": {"id": "pc:6"}}}}
NEW_GROUP_CODE: Final = {"data": {"attributes": {"producerCode": {"id": "pc:6"}}}}
