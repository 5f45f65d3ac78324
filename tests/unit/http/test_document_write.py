"""The requests that write in the OpenAPI document: bodies, examples and responses."""

import re
from typing import Any, cast

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from service.http.app import WRITES
from tests.support.issuer import Issuer
from tests.support.scenario import ADDRESS
from tests.unit.http.api_client import api_client

TRUSTED = Issuer()
OPERATIONS = [(write, path) for write in WRITES for path in (write.path, *write.aliases)]


@pytest.fixture(scope="module")
async def document() -> dict[str, Any]:
    """Return the document of an API that writes."""
    async with api_client(TRUSTED, writes=cast("Any", (None, None))) as client:
        answer = await client.get("/openapi.json")
    found: dict[str, Any] = answer.json()
    return found


def _resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    found: dict[str, Any] = document
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def _body(document: dict[str, Any], method: str, path: str) -> tuple[jsonschema.Draft202012Validator, Any]:
    content = document["paths"][path][method]["requestBody"]["content"]["application/json"]
    schema = {**content["schema"], "components": document["components"]}
    return jsonschema.Draft202012Validator(schema), content["example"]


def test_document_is_valid(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()
    assert sum(method != "get" for methods in document["paths"].values() for method in methods) == len(OPERATIONS)
    ids = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(ids) == len(set(ids))


def test_every_write_is_completely_described(document: dict[str, Any]) -> None:
    for write, path in OPERATIONS:
        operation = document["paths"][path][write.method.lower()]
        assert operation["security"] == [{"bearer": ["admin:write"]}]
        assert operation["summary"], path
        given = {(parameter["in"], parameter["name"]) for parameter in operation["parameters"]}
        headers = {("header", name) for name in ("Idempotency-Key", "GW-DBTransaction-ID", "If-Match", "Prefer")}
        assert given == headers | {("path", name) for name in re.findall(r"{(\w+)}", path)}
        statuses = {"202", "400", "401", "403", "404", "412", "413", "414", "422", "429", "431", "500", "503"}
        if write.method == "DELETE":
            assert set(operation["responses"]) == statuses | {"204"}
            assert "requestBody" not in operation
        else:
            created = {"201"} if write.method == "POST" else set()
            assert set(operation["responses"]) == statuses | created | {"200", "409", "415"}
            assert operation["requestBody"]["required"]


def test_every_response_has_its_headers_and_data(document: dict[str, Any]) -> None:
    for write, path in OPERATIONS:
        for status, node in document["paths"][path][write.method.lower()]["responses"].items():
            response = _resolved(document, node)
            headers = {"X-Request-Id", "Idempotency-Key"}
            headers |= {"ETag"} if status in {"200", "201"} else set()
            headers |= {"Location"} if status in {"201", "202"} else set()
            headers |= {"Retry-After"} if status in {"202", "429", "503"} else set()
            headers |= {"WWW-Authenticate"} if status in {"401", "403"} else set()
            headers |= {"Idempotent-Replayed"} if status != "202" else set()
            assert set(response["headers"]) == headers, (path, status)
            for header in response["headers"].values():
                assert _resolved(document, header)["schema"], header
            content = response.get("content", {})
            media_type = "application/problem+json" if status >= "400" else "application/json"
            assert set(content) == (set() if status == "204" else {media_type}), (path, status)
            if status < "400" and content:
                schema = {**content[media_type]["schema"], "components": document["components"]}
                jsonschema.Draft202012Validator(schema).validate(content[media_type]["example"])


def test_examples_match_the_bodies(document: dict[str, Any]) -> None:
    for write, path in OPERATIONS:
        if write.method != "DELETE":
            validator, example = _body(document, write.method.lower(), path)
            validator.validate(example)
            assert not validator.is_valid({**example, "colour": "red"}), path
            assert not validator.is_valid({} if write.enveloped else {"colour": "red"}), path


def test_bodies_are_those_of_the_commands(document: dict[str, Any]) -> None:
    groups, _ = _body(document, "post", "/groups")
    assert groups.is_valid({"type": "region", "value": "West", "distributor_id": "pc:4"})
    assert not groups.is_valid({"type": "region", "value": ADDRESS, "distributor_id": "pc:4"})
    assert not groups.is_valid({"type": "office", "value": {**ADDRESS, "state": None}, "distributor_id": "pc:4"})
    replaced, example = _body(document, "put", "/producers/{producerId}")
    assert replaced.is_valid({"name": "Ann", "email": "ann@example.com"})
    assert not replaced.is_valid({"name": "Ann"})
    assert not replaced.is_valid({**example, "name": None})
    changed, _ = _body(document, "patch", "/admin/v1/producer-codes/{producerCodeId}")
    assert changed.is_valid({"data": {"attributes": {}}})
    assert not changed.is_valid({"data": {"attributes": {"roles": []}}})


async def test_reads_are_described_as_without_writes(document: dict[str, Any]) -> None:
    async with api_client(TRUSTED) as client:
        without = (await client.get("/openapi.json")).json()
    assert document["components"]["schemas"].items() >= without["components"]["schemas"].items()
    assert {path: methods["get"] for path, methods in document["paths"].items() if "get" in methods} == {
        path: methods["get"] for path, methods in without["paths"].items()
    }
    assert not any("Write" in name for name in without["components"]["responses"])
    assert all(set(methods) == {"get"} for methods in without["paths"].values())


def test_every_operation_has_a_description_and_a_described_tag(document: dict[str, Any]) -> None:
    described = {tag["name"] for tag in document["tags"] if tag["description"]}
    used = set()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), (method, path)
            used |= set(operation["tags"])
    assert used == described


def test_path_parameters_have_one_spelling(document: dict[str, Any]) -> None:
    names = {name for path in document["paths"] for name in re.findall(r"{(\w+)}", path)}
    assert [name for name in names if not re.fullmatch("[a-z][A-Za-z]*Id", name)] == []
    assert {name.lower().removesuffix("id") for name in names} == {
        "group", "organization", "producer", "producercode", "role", "user",
    }  # fmt: skip


def test_a_patch_takes_both_media_types_and_other_writes_take_json(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            types = set(operation.get("requestBody", {}).get("content", {}))
            merge = {"application/merge-patch+json"} if method == "patch" else set()
            assert types in (set(), {"application/json", *merge}), path
    assert "patch" in {method for methods in document["paths"].values() for method in methods}
