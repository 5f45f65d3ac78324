"""Invalid data of commands: all problems, each with path, code and a message that states the allowed values."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.contract.seed import SPRING_STREET
from tests.unit.contract.support import problems, record, refusals

OFFICE: dict[str, Any] = {"type": "office", "value": SPRING_STREET, "distributor_id": "pc:1"}
REGION: dict[str, Any] = {"type": "region", "value": "West", "distributor_id": "pc:1"}
CODE: dict[str, Any] = {"code": "301-008579", "organization": {"id": "pc:4"}, "roles": [{"id": "producer"}]}
RAY: dict[str, Any] = {"name": "Ray", "email": "ray@armstrong.example", "organization": {"id": "pc:1"}}
STATUS: dict[str, Any] = {"code": "Active"}


def without(data: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return the data without these fields."""
    return {name: value for name, value in data.items() if name not in names}


REFUSED: list[tuple[str, object, list[str]]] = [
    ("group.create", {}, ["/distributor_id", "/type", "/value"]),
    ("group.create", without(OFFICE, "type"), ["/type"]),
    ("group.create", without(REGION, "type"), ["/type"]),
    ("group.create", {**OFFICE, "type": "team"}, ["/type"]),
    ("group.create", {**OFFICE, "type": ["office"]}, ["/type"]),
    ("group.create", {**OFFICE, "value": "West"}, ["/value"]),
    ("group.create", {**REGION, "value": SPRING_STREET}, ["/value"]),
    ("group.create", {**REGION, "value": ""}, ["/value"]),
    ("group.create", {**REGION, "value": "x" * 256}, ["/value"]),
    ("group.create", {**OFFICE, "value": without(SPRING_STREET, "city", "state")}, ["/value/city", "/value/state"]),
    ("group.create", {**OFFICE, "value": {**SPRING_STREET, "line2": 2, "line1": ""}}, ["/value/line1", "/value/line2"]),
    ("group.create", {**OFFICE, "value": {**SPRING_STREET, "state": None}}, ["/value/state"]),
    ("group.create", {**OFFICE, "value": {**SPRING_STREET, "postal_code": ""}}, ["/value/postal_code"]),
    *(
        (
            f"group.{verb}",
            {**OFFICE, "value": {**without(SPRING_STREET, "state", "postal_code"), "country_code": country}},
            ["/value/postal_code", "/value/state"],
        )
        for verb in ("create", "update")
        for country in ("US", "USA", "CA", "CAN", "AU", "AUS", "can")
    ),
    ("group.create", {**OFFICE, "distributor_id": "-"}, ["/distributor_id"]),
    ("group.create", {**OFFICE, "distributor_id": None}, ["/distributor_id"]),
    ("group.add-producer-code", {}, ["/producerCode"]),
    ("group.add-producer-code", {"producerCode": "pc:17"}, ["/producerCode"]),
    ("group.add-producer-code", {"producerCode": {}}, ["/producerCode/id"]),
    ("group.remove-producer-code", {"producerCode": {"id": "x" * 65}}, ["/producerCode/id"]),
    ("producer-code.create", {}, ["/code", "/organization", "/roles"]),
    ("producer-code.create", {**CODE, "code": "-1"}, ["/code"]),
    ("producer-code.create", {**CODE, "code": "AI 50701"}, ["/code"]),
    ("producer-code.create", {**CODE, "code": "x" * 256}, ["/code"]),
    ("producer-code.create", {**CODE, "roles": []}, ["/roles"]),
    ("producer-code.create", {**CODE, "roles": None}, ["/roles"]),
    ("producer-code.create", {**CODE, "roles": ["producer", {"id": 1}]}, ["/roles/0", "/roles/1/id"]),
    ("producer-code.create", {**CODE, "producerStatus": "Active"}, ["/producerStatus"]),
    ("producer-code.create", {**CODE, "producerStatus": {"code": "active"}}, ["/producerStatus/code"]),
    ("producer-code.create", {**CODE, "producerStatus": {**STATUS, "name": "Limited"}}, ["/producerStatus/name"]),
    ("producer-code.create", {**CODE, "branch": "301"}, ["/branch"]),
    ("producer-code.update", {"appointmentDate": "2022-02-30"}, ["/appointmentDate"]),
    ("producer-code.update", {"appointmentDate": "20220709"}, ["/appointmentDate"]),
    ("producer-code.update", {"appointmentDate": "2022-07-09T00:00:00Z"}, ["/appointmentDate"]),
    ("producer-code.update", {"appointmentDate": "0000-01-01"}, ["/appointmentDate"]),
    ("producer-code.update", {"appointmentDate": "٢٠٢٢-07-09"}, ["/appointmentDate"]),
    ("producer-code.update", {"terminationDate": 20220709}, ["/terminationDate"]),
    ("producer-code.update", {"roles": None}, ["/roles"]),
    ("producer-code.update", {"description": "x" * 256}, ["/description"]),
    ("user.create", {}, ["/email", "/name", "/organization"]),
    ("user.create", {"organization": None}, ["/email", "/name", "/organization"]),
    ("user.create", {**RAY, "distributor_id": "pc:2"}, ["/distributor_id"]),
    ("user.create", {**RAY, "groups": "g1"}, ["/groups"]),
    ("user.create", {**RAY, "groups": ["g1", 2]}, ["/groups/1"]),
    ("user.create", {**RAY, "groups": ["g1"] * 10_001}, ["/groups"]),
    ("user.create", {**RAY, "enabled": "true"}, ["/enabled"]),
    ("user.create", {**RAY, "enabled": 1}, ["/enabled"]),
    ("user.create", {**RAY, "username": ""}, ["/username"]),
    ("user.create", {**RAY, "username": "ray\t"}, ["/username"]),
    ("user.create", {**RAY, "username": "ray\u007f"}, ["/username"]),
    ("user.create", {**RAY, "username": "ray\u00a0newton"}, ["/username"]),
    ("user.create", {**RAY, "username": "ray\u200b"}, ["/username"]),
    ("user.create", {**RAY, "username": "ray\u2028"}, ["/username"]),
    ("user.update", {"username": "\u202eyar"}, ["/username"]),
    ("user.update", {"name": None, "email": ""}, ["/email", "/name"]),
    ("user.update", {"organization": {"id": "pc:1"}, "distributor_id": "pc:2"}, ["/distributor_id"]),
    ("user.join-group", {"group_id": 7}, ["/group_id"]),
    ("user.add-producer-code", {"producerCode": {"id": "a"}, "roles": [{}]}, ["/roles/0/id"]),
    ("user.update", [], [""]),
    ("user.update", None, [""]),
    ("user.update", "name", [""]),
    ("group.create", 7, [""]),
]
# Schemas cannot express these: a format character beyond the basic plane, and the length of a normalized form.
BEYOND_SCHEMAS: list[tuple[str, object, list[str]]] = [
    ("user.create", {**RAY, "username": "ray\U000e0041"}, ["/username"]),
    ("user.create", {**RAY, "username": "\ufb1d" * 200}, ["/username"]),
]
OPERATORS: list[tuple[str, object, list[str]]] = [
    ("organization.put", {}, ["/displayName"]),
    ("organization.put", {"displayName": "A", "id": "pc:2"}, ["/id"]),
    ("organization.put", {"displayName": "A", "type": "Agency"}, ["/type"]),
    ("organization.put", {"displayName": "A", "domains": [""]}, ["/domains/0"]),
    (
        "organization.put",
        {"displayName": "A", "insurer": "no", "producerStatus": {}},
        ["/insurer", "/producerStatus/code"],
    ),
    ("branch.put", {"branchCode": 301}, ["/branchCode", "/displayName"]),
    ("role.put", {"displayName": "P", "permissions": {"a": 1}}, ["/permissions"]),
    ("product.put", {}, ["/institution_id", "/name", "/product_line"]),
    ("group.grant-product", {"product_id": None}, ["/product_id"]),
    ("group.revoke-product", {"product_id": ""}, ["/product_id"]),
]


@pytest.mark.parametrize(("name", "data", "paths"), [*REFUSED, *BEYOND_SCHEMAS, *OPERATORS])
def test_invalid_data_is_reported_with_these_paths(name: str, data: object, paths: list[str]) -> None:
    assert refusals(name, data) == [(path, "invalid") for path in paths]


@pytest.mark.parametrize(
    ("name", "data", "paths"),
    [
        ("user.update", {"colour": 1}, ["/colour"]),
        ("user.update", {"": 1, "a/b~c": 2}, ["/", "/a~1b~0c"]),
        ("user.update", {"version": 3, "products": []}, ["/products", "/version"]),
        ("group.create", {**OFFICE, "producers": None}, ["/producers"]),
        ("group.update", {**REGION, "products": []}, ["/products"]),
        ("group.create", {**OFFICE, "value": {**SPRING_STREET, "zip": "1"}}, ["/value/zip"]),
        ("producer-code.create", {**CODE, "organization": {"id": "pc:4", "uri": "/x"}}, ["/organization/uri"]),
        ("producer-code.create", {**CODE, "roles": [{"id": "producer", "type": "Role"}]}, ["/roles/0/type"]),
        ("producer-code.create", {**CODE, "id": "pc:16"}, ["/id"]),
    ],
)
def test_unknown_fields_are_reported_with_these_paths(name: str, data: object, paths: list[str]) -> None:
    assert refusals(name, data) == [(path, "unknown-field") for path in paths]


@pytest.mark.parametrize(
    ("name", "data", "path"),
    [
        ("user.update", {"organization": None}, "/organization"),
        ("user.update", {"distributor_id": None}, "/distributor_id"),
        ("producer-code.update", {"code": None}, "/code"),
        ("producer-code.update", {"organization": None}, "/organization"),
        ("group.update", {**REGION, "distributor_id": None}, "/distributor_id"),
    ],
)
def test_an_immutable_field_cannot_be_cleared(name: str, data: object, path: str) -> None:
    assert refusals(name, data) == [(path, "immutable-field")]


@pytest.mark.parametrize(
    ("name", "data", "path"),
    [
        ("user.update", {"name": "a\0b"}, "/name"),
        ("user.update", {"name": "\0"}, "/name"),
        ("group.create", {**REGION, "value": "\0"}, "/value"),
        ("group.create", {**OFFICE, "value": {**SPRING_STREET, "line2": "\0"}}, "/value/line2"),
        ("role.put", {"displayName": "P", "permissions": ["quote job", "\0"]}, "/permissions/1"),
        ("user.update", {"groups": ["g\0"]}, "/groups/0"),
    ],
)
def test_a_string_with_nul_is_invalid(name: str, data: object, path: str) -> None:
    assert refusals(name, data) == [(path, "invalid")]


def test_a_code_or_id_with_a_trailing_newline_is_invalid() -> None:
    assert refusals("producer-code.create", {**CODE, "code": "x\n"}) == [("/code", "invalid")]
    assert refusals("user.join-group", {"group_id": "g1\n"}) == [("/group_id", "invalid")]


def test_the_text_of_a_nul_escape_is_valid() -> None:
    assert refusals("user.update", {"name": "\\u0000"}) == []


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("user.update", {"name": 7}, "name must be a string of 1 to 255 characters without NUL."),
        ("group.create", without(OFFICE, "type"), "type is missing: it must be office, region or division."),
        (
            "producer-code.create",
            without(CODE, "organization"),
            'organization is missing: it must be an object with an id, such as {"id": "pc:4"}.',
        ),
        (
            "user.create",
            without(RAY, "organization"),
            'organization is missing: it must be an object with an id, such as {"id": "pc:4"}.',
        ),
        (
            "producer-code.create",
            {**CODE, "roles": [{"id": "-"}]},
            "roles[0].id must be an id: 1 to 64 letters, digits and : . _ ~ -, starting with a letter or digit.",
        ),
        (
            "user.update",
            {"groups": [7]},
            "groups[0] must be an id: 1 to 64 letters, digits and : . _ ~ -, starting with a letter or digit.",
        ),
        (
            "producer-code.update",
            {"terminationDate": "soon"},
            "terminationDate must be a calendar date in the format YYYY-MM-DD, or null.",
        ),
        (
            "producer-code.update",
            {"producerStatus": {"code": "Gone"}},
            "producerStatus.code must be Active, Limited, Suspended, Terminating or Terminated.",
        ),
        (
            "group.grant-product",
            {"product_id": "prd_1", "price": 1},
            "price is not a field of group.grant-product; allowed fields: product_id.",
        ),
        (
            "group.add-producer-code",
            {"producerCode": {"id": "pc:17", "code": "x"}},
            "producerCode.code is not a field of group.add-producer-code; allowed fields: id.",
        ),
        ("user.update", [], "The data must be a JSON object."),
    ],
)
def test_message_names_the_field_and_the_allowed_values(name: str, data: object, message: str) -> None:
    sent = {"type": name, "id": "c-1", "source": "/x", "subject": "pc:669", "data": data}
    assert [problem.message for problem in problems(record(sent))] == [message]
