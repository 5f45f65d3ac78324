"""Examples for the OpenAPI document, based on the samples of the producer-codes document."""

from typing import Any, Final

_GET: Final = ["get"]
_TAG: Final = "1-3f0c9d2ab41e5c77"


def _href(path: str) -> dict[str, Any]:
    return {"href": path, "methods": _GET}


def _item(attributes: dict[str, Any], path: str) -> dict[str, Any]:
    return {"attributes": attributes, "checksum": _TAG, "links": {"self": _href(path)}}


def _page(item: dict[str, Any], path: str) -> dict[str, Any]:
    return {"count": 1, "data": [item], "links": {"first": _href(path), "self": _href(path)}}


_ACTIVE: Final = {"code": "Active", "name": "Active"}
_BRANCH: Final = {"branchCode": "301", "displayName": "Minneapolis Branch UW", "id": "pc:S17f59YeYbDQEVkdUiua9"}
_CODE: Final = _item(
    {
        "branch": _BRANCH,
        "code": "301-008578",
        "description": "ACV Property Insurance",
        "displayName": "301-008578",
        "id": "pc:16",
        "organization": {
            "displayName": "ACV Property Insurance",
            "id": "pc:4",
            "type": "Organization",
            "uri": "/admin/v1/organizations/pc:4",
        },
        "producerStatus": _ACTIVE,
        "roles": [{"displayName": "Producer", "id": "producer", "type": "Role", "uri": "/admin/v1/roles/producer"}],
        "appointmentDate": "2022-07-09",
    },
    "/admin/v1/producer-codes/pc:16",
)
_USER_CODE: Final = _item(
    {
        "id": "0b7e6a54-1f6d-5a0e-9d3c-6d1f2b7a9c11",
        "producerCode": {"displayName": "301-008578", "id": "pc:535"},
        "roles": [
            {
                "displayName": "Producer Code - Submissions",
                "id": "producercode_submission",
                "type": "Role",
                "uri": "/admin/v1/roles/producercode_submission",
            }
        ],
    },
    "/admin/v1/users/pc:305/producer-codes/pc:535",
)
_GROUP_CODE: Final = _item(
    {
        "branch": _BRANCH,
        "code": "301-008578",
        "description": "ACV Property Insurance",
        "id": "5d1c7c0e-7f3b-5b52-8a53-0c4de0b6f2aa",
        "producerCode": {"displayName": "301-008578", "id": "pc:16"},
        "producerStatus": _ACTIVE,
    },
    "/admin/v1/groups/pc:669/producer-codes/pc:16",
)
_ADDRESS: Final = {
    "line1": "10 Main Street",
    "city": "Minneapolis",
    "state": "MN",
    "postal_code": "55401",
    "country_code": "USA",
}
_GROUP: Final = {
    "id": "pc:669",
    "type": "office",
    "value": _ADDRESS,
    "distributor_id": "pc:4",
    "producers": [{"id": "pc:305", "name": "Ann Smith", "email": "ann@example.com", "external_id": "a-17"}],
    "products": None,
}
_PRODUCER: Final = {
    "id": "pc:305",
    "name": "Ann Smith",
    "email": "ann@example.com",
    "external_id": "a-17",
    "enabled": True,
    "distributor": {"id": "pc:4", "name": "ACV Property Insurance"},
    "groups": ["pc:669"],
}

ACCOUNT_PAGE: Final = _page(_CODE, "/account/v1/producer-codes")
CODE_PAGE: Final = _page(_CODE, "/admin/v1/producer-codes")
ORGANIZATION_CODE_PAGE: Final = _page(_CODE, "/admin/v1/organizations/pc:4/producer-codes")
CODE: Final = {"data": _CODE}
USER_CODE_PAGE: Final = _page(_USER_CODE, "/admin/v1/users/pc:305/producer-codes")
USER_CODE: Final = {"data": _USER_CODE}
GROUP_CODE_PAGE: Final = _page(_GROUP_CODE, "/admin/v1/groups/pc:669/producer-codes")
GROUP_CODE: Final = {"data": _GROUP_CODE}
ORGANIZATION: Final = {
    "data": _item(
        {
            "displayName": "ACV Property Insurance",
            "domains": ["acv.example"],
            "id": "pc:4",
            "insurer": False,
            "producerStatus": _ACTIVE,
            "type": "Organization",
        },
        "/admin/v1/organizations/pc:4",
    )
}
ROLE: Final = {
    "data": _item(
        {"displayName": "Producer", "id": "producer", "permissions": ["create account", "quote job"], "type": "Role"},
        "/admin/v1/roles/producer",
    )
}
GROUP_PAGE: Final = {"groups": [_GROUP]}
GROUP: Final = {"group": _GROUP}
PRODUCER_PAGE: Final = {"producers": [_PRODUCER]}
PRODUCER: Final = {"producer": _PRODUCER}
COMMAND: Final = {
    "status": "accepted",
    "command": {
        "source": "https://crm.example.com",
        "id": "crm-1",
        "type": "producer-registry.producer-code.update.v1",
    },
    "subject": "pc:16",
    "version": 2,
    "events": ["0f6d2f4e-6a5b-5a8e-9c57-2f8a7d1b3c40"],
}
NEW_CODE: Final = {
    "data": {"attributes": {"code": "301-008579", "organization": {"id": "pc:4"}, "roles": [{"id": "producer"}]}}
}
CHANGED_CODE: Final = {"data": {"attributes": {"appointmentDate": "2022-07-09"}}}
NEW_GROUP: Final = {"type": "office", "value": _ADDRESS, "distributor_id": "pc:4"}
CHANGED_GROUP: Final = {**NEW_GROUP, "value": {**_ADDRESS, "line1": "20 Main Street"}}
NEW_PRODUCER: Final = {
    "name": "Ann Smith",
    "email": "ann@example.com",
    "external_id": "a-17",
    "distributor_id": "pc:4",
    "groups": ["pc:669"],
}
CHANGED_PRODUCER: Final = {**NEW_PRODUCER, "email": "ann.smith@example.com"}
NEW_USER_CODE: Final = {"data": {"attributes": {"producerCode": {"id": "pc:535"}}}}
NEW_GROUP_CODE: Final = {"data": {"attributes": {"producerCode": {"id": "pc:17"}}}}
