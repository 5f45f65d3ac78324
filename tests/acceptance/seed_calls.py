"""The calls that the seed documents print and the routes that they name, with the responses that they show."""

from dataclasses import dataclass
from typing import Any, Final
from unittest.mock import ANY

MINNEAPOLIS: Final = {"branchCode": "301", "displayName": "Minneapolis Branch UW", "id": "pc:S17f59YeYbDQEVkdUiua9"}
LOS_ANGELES: Final = {"branchCode": "501", "displayName": "Los Angeles Branch UW", "id": "pc:SKLwZJB_J2trSnepw0UsV"}
ACTIVE: Final = {"code": "Active", "name": "Active"}
PRODUCER: Final = {"displayName": "Producer", "id": "producer", "type": "Role", "uri": "/admin/v1/roles/producer"}
SUBMISSIONS: Final = {
    "displayName": "Producer Code - Submissions",
    "id": "producercode_submission",
    "type": "Role",
    "uri": "/admin/v1/roles/producercode_submission",
}
ACV: Final = {
    "displayName": "ACV Property Insurance",
    "id": "pc:4",
    "type": "Organization",
    "uri": "/admin/v1/organizations/pc:4",
}


@dataclass(frozen=True)
class Call:
    """A request as printed: its line, and its body after an empty line; the status, and a part of the response.

    `attributes` are of the resource, or of an item of the collection with `count` items.
    """

    text: str
    status: int
    attributes: dict[str, Any] | None = None
    count: int | None = None


CODES: Final = (
    Call(
        "GET /admin/v1/producer-codes",
        200,
        {
            "branch": MINNEAPOLIS,
            "code": "301-008578",
            "description": "ACV Property Insurance",
            "displayName": "301-008578",
            "id": "pc:16",
            "organization": ACV,
            "producerStatus": ACTIVE,
        },
        count=25,
    ),
    Call(
        "GET /admin/v1/organizations/pc:1/producer-codes",
        200,
        {
            "branch": LOS_ANGELES,
            "code": "100-002541",
            "description": "Armstrong (Premier)",
            "displayName": "100-002541",
            "id": "pc:6",
            "organization": {
                "displayName": "Armstrong and Company",
                "id": "pc:1",
                "type": "Organization",
                "uri": "/admin/v1/organizations/pc:1",
            },
            "producerStatus": ACTIVE,
        },
        count=6,
    ),
    Call(
        """POST /admin/v1/producer-codes

{
  "data": {
    "attributes": {
      "code": "301-008579",
      "organization": {
        "id": "pc:4"
      },
      "roles": [
        {
          "id": "producer"
        }
      ]
    }
  }
}
""",
        201,
        {"code": "301-008579", "organization": ACV, "roles": [PRODUCER]},
    ),
    Call(
        """PATCH /admin/v1/producer-codes/pc:664

{
  "data": {
    "attributes": {
      "appointmentDate": "2022-07-09"
    }
  }
}
""",
        200,
        {"id": "pc:664", "appointmentDate": "2022-07-09"},
    ),
    Call(
        "GET /admin/v1/users/pc:305/producer-codes",
        200,
        # The id of the association is derived. The document shows one code string for pc:16 and pc:535.
        {"id": ANY, "producerCode": {"displayName": ANY, "id": "pc:535"}, "roles": [SUBMISSIONS]},
        count=1,
    ),
    Call(
        # The document prints the path of users for this call, but says that pc:669 is a group, and names this path.
        "GET /admin/v1/group/pc:669/producer-codes",
        200,
        {
            "branch": MINNEAPOLIS,
            "code": "301-008578",
            "description": "ACV Property Insurance",
            "id": ANY,
            "producerCode": {"displayName": "301-008578", "id": "pc:16"},
            "producerStatus": ACTIVE,
        },
        count=1,
    ),
    Call("GET /admin/v1/users/pc:669/producer-codes", 404),
    Call(
        """POST /admin/v1/users/pc:310/producer-codes

{
  "data": {
    "attributes": {
        "producerCode": {
            "id": "pc:535"
        }
    }
  }
}
""",
        201,
        {"id": ANY, "producerCode": {"displayName": ANY, "id": "pc:535"}},
    ),
    Call(
        """POST /admin/v1/groups/pc:669/producer-codes

{
  "data": {
    "attributes": {
        "producerCode": {
            "id": "pc:17"
        }
    }
  }
}
""",
        201,
        {"id": ANY, "producerCode": {"displayName": ANY, "id": "pc:17"}, "producerStatus": ACTIVE},
    ),
    Call(
        "GET /admin/v1/users/pc:310/producer-codes/pc:535", 200, {"producerCode": {"displayName": ANY, "id": "pc:535"}}
    ),
    Call("GET /admin/v1/group/pc:669/producer-codes/pc:17", 200, {"producerCode": {"displayName": ANY, "id": "pc:17"}}),
    Call("DELETE /admin/v1/users/pc:310/producer-codes/pc:535\n\n<no request body>", 204),
    Call("DELETE /admin/v1/groups/pc:669/producer-codes/pc:17\n\n<no request body>", 204),
    Call("GET /admin/v1/users/pc:310/producer-codes/pc:535", 404),
    Call("GET /admin/v1/group/pc:669/producer-codes/pc:17", 404),
    Call("GET /admin/v1/users/pc:310/producer-codes", 200, count=0),
    Call("GET /admin/v1/group/pc:669/producer-codes", 200, count=1),
    Call("GET /account/v1/producer-codes", 200, count=1),
    Call("GET /admin/v1/producer-codes/pc:16", 200, {"id": "pc:16", "roles": [PRODUCER, SUBMISSIONS]}),
    Call("GET /admin/v1/organizations/pc:4", 200, {"displayName": "ACV Property Insurance"}),
    Call("GET /admin/v1/roles/producer", 200, {"displayName": "Producer"}),
)
"""In the order of the producer-codes document, with the routes that it names between and after them."""
