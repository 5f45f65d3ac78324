"""The commands of the demo, with the names and ids of the two seed documents.

From the producer-codes document: Armstrong and Company (pc:1) with its six codes, 301-008578 of ACV Property Insurance
(pc:4), AI-50701 of Allrisk Insurance, the branches, the roles, group pc:669, users pc:305 and pc:310, and their codes
pc:17 and pc:535. From the groups document: an office whose address changes, its producers and a product. The addresses
and the names of people are invented.
"""

from typing import Any

Step = tuple[str, str | None, dict[str, Any]]
"""A command: type, subject (None for a new one) and data."""

ARMSTRONG = "pc:1"
ALLRISK = "pc:2"
ACV = "pc:4"
LOS_ANGELES = "pc:SKLwZJB_J2trSnepw0UsV"
MINNEAPOLIS = "pc:S17f59YeYbDQEVkdUiua9"
SUBMISSIONS = "producercode_submission"
OFFICE = "pc:669"
DANA, RUTH = "pc:310", "pc:305"
PRODUCT = "prd_general_liability"

DIRECTORY: tuple[Step, ...] = (
    ("organization.put", ARMSTRONG, {"displayName": "Armstrong and Company", "domains": ["armstrong.example"]}),
    ("organization.put", ALLRISK, {"displayName": "Allrisk Insurance"}),
    ("organization.put", ACV, {"displayName": "ACV Property Insurance"}),
    ("branch.put", LOS_ANGELES, {"branchCode": "501", "displayName": "Los Angeles Branch UW"}),
    ("branch.put", MINNEAPOLIS, {"branchCode": "301", "displayName": "Minneapolis Branch UW"}),
    ("role.put", "producer", {"displayName": "Producer", "permissions": ["create account", "quote job"]}),
    ("role.put", SUBMISSIONS, {"displayName": "Producer Code - Submissions", "permissions": ["create submission"]}),
    (
        "product.put",
        PRODUCT,
        {"name": "General Liability", "institution_id": "ist_acv", "product_line": "general_liability"},
    ),
)


def _code(id_: str, code: str, organization: str, branch: str, description: str) -> Step:
    data = {
        "code": code,
        "organization": {"id": organization},
        "roles": [{"id": "producer"}, {"id": SUBMISSIONS}],
        "branch": {"id": branch},
        "description": description,
    }
    return ("producer-code.create", id_, data)


CODES: tuple[Step, ...] = (
    _code("pc:6", "100-002541", ARMSTRONG, LOS_ANGELES, "Armstrong (Premier)"),
    _code("pc:17", "501-002542", ARMSTRONG, LOS_ANGELES, "Armstrong (Los Angeles)"),
    _code("pc:535", "501-002543", ARMSTRONG, LOS_ANGELES, "Armstrong (San Diego)"),
    _code("pc:9", "501-002544", ARMSTRONG, LOS_ANGELES, "Armstrong (Professional Liability Services)"),
    _code("pc:10", "501-002545", ARMSTRONG, LOS_ANGELES, "Armstrong (Employer Services)"),
    _code("pc:11", "501-002546", ARMSTRONG, LOS_ANGELES, "Armstrong (Caymen Captive Services)"),
    _code("pc:16", "301-008578", ACV, MINNEAPOLIS, "ACV Property Insurance"),
    _code("pc:12", "AI-50701", ALLRISK, LOS_ANGELES, "Allrisk Insurance"),
)

FIRST_ADDRESS = {
    "line1": "600 Wilshire Boulevard",
    "line2": "Suite 1200",
    "organization": "Armstrong and Company",
    "city": "Los Angeles",
    "state": "CA",
    "postal_code": "90017",
    "country_code": "USA",
}
NEW_ADDRESS = {**FIRST_ADDRESS, "line1": "350 South Grand Avenue", "line2": "Floor 31", "postal_code": "90071"}

OFFICE_OPENS: Step = (
    "group.create",
    OFFICE,
    {"type": "office", "value": FIRST_ADDRESS, "distributor_id": ARMSTRONG},
)
OFFICE_MOVES: Step = ("group.update", OFFICE, {"type": "office", "value": NEW_ADDRESS})

PEOPLE: tuple[Step, ...] = (
    (
        "user.create",
        DANA,
        {
            "name": "Dana Whitfield",
            "email": "dana@armstrong.example",
            "organization": {"id": ARMSTRONG},
            "external_id": "A-310",
            "groups": [OFFICE],
        },
    ),
    (
        "user.create",
        RUTH,
        {"name": "Ruth Okafor", "email": "ruth@armstrong.example", "organization": {"id": ARMSTRONG}},
    ),
    ("user.join-group", RUTH, {"group_id": OFFICE}),
)

GRANT: Step = ("group.grant-product", OFFICE, {"product_id": PRODUCT})
CODE_OF_THE_OFFICE: Step = ("group.add-producer-code", OFFICE, {"producerCode": {"id": "pc:17"}})
CODE_OF_DANA: Step = (
    "user.add-producer-code",
    DANA,
    {"producerCode": {"id": "pc:535"}, "roles": [{"id": SUBMISSIONS}]},
)
NEW_CODE: Step = (
    "producer-code.create",
    None,
    {"code": "301-008579", "organization": {"id": ACV}, "roles": [{"id": "producer"}]},
)
FOREIGN_CODE: Step = ("group.add-producer-code", OFFICE, {"producerCode": {"id": "pc:16"}})

CODE_OVER_HTTP: dict[str, Any] = {
    "code": "301-008580",
    "organization": {"id": ACV},
    "roles": [{"id": "producer"}],
    "branch": {"id": MINNEAPOLIS},
}
HELD_OVER_HTTP: dict[str, Any] = {"producerCode": {"id": "pc:6"}, "roles": [{"id": SUBMISSIONS}]}
