"""The OpenAPI document and its examples are valid, and the documents about messages are served."""

import re
from typing import Any
from urllib.parse import urlsplit

import jsonschema
from openapi_spec_validator import OpenAPIV31SpecValidator

from service.contract.catalogue import schema_path
from service.contract.schemas import committed, dataschema, documents
from service.http.filter_text import FILTER
from service.store.filter import FIELDS, OPERATORS
from tests.support.issuer import Issuer
from tests.unit.http.api_client import api_client

TRUSTED = Issuer()


async def _document() -> dict[str, Any]:
    async with api_client(TRUSTED) as client:
        answer = await client.get("/openapi.json")
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document


async def test_document_is_valid() -> None:
    document = await _document()
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"] == "3.1.0"


async def test_every_operation_is_completely_described() -> None:
    document = await _document()
    for path, methods in document["paths"].items():
        operation = methods["get"]
        assert operation["security"], path
        assert operation["summary"], path
        named = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))
        statuses = set(operation["responses"])
        assert {"200", "304", "400", "401", "403", "429", "503"} <= statuses, path
        assert ("404" in statuses) == ("{" in path or path == "/commands"), path


async def test_examples_match_the_models() -> None:
    document = await _document()
    for path, methods in document["paths"].items():
        content = methods["get"]["responses"]["200"]["content"]["application/json"]
        schema = {**content["schema"], "components": document["components"]}
        jsonschema.Draft202012Validator(schema).validate(content["example"])
        assert content["example"], path


async def test_all_schemas_of_messages_are_served() -> None:
    async with api_client(TRUSTED) as client:
        for name in documents():
            for path in (schema_path(name), f"/schemas/{dataschema(name, '')}"):
                answer = await client.get(path)
                assert (answer.status_code, answer.content) == (200, committed(name)), path


async def test_a_schema_is_served_at_its_own_address_if_that_is_configured() -> None:
    async with api_client(TRUSTED, schema_base_uri="http://127.0.0.1/schemas/") as client:
        current = (await client.get(schema_path("role.created"))).json()
        assert current["$id"] == dataschema("role.created", "http://127.0.0.1/schemas/")
        assert (await client.get(urlsplit(current["$id"]).path)).json() == current
        assert (await client.get("/schemas/role.created:v1:0123456789ab")).status_code == 404


async def test_asyncapi_document_has_the_configured_topic_prefix() -> None:
    async with api_client(TRUSTED, topic_prefix="agency") as client:
        answer = await client.get("/asyncapi.json")
    assert answer.status_code == 200
    addresses = {channel["address"] for channel in answer.json()["channels"].values()}
    assert "agency.commands.v1" in addresses


def test_documented_filter_pattern_matches_the_fields_and_operators() -> None:
    pattern = re.compile(FILTER.schema["items"]["pattern"])
    for field in FIELDS:
        assert field in FILTER.description
    for operator in OPERATORS:
        assert pattern.search(f"code:{operator}:a::b,c")
        assert not pattern.search(f"code:{operator}:a:b")
    assert pattern.search("appointmentDate:eq:2024-02-29")
    assert not pattern.search("appointmentDate:eq:2023-02-29")
    assert not pattern.search("appointmentDate:cn:2023")


async def test_documented_texts_exclude_nul() -> None:
    parameters = (await _document())["paths"]["/commands"]["get"]["parameters"]
    for name in ("source", "id"):
        [schema] = [one["schema"] for one in parameters if one["name"] == name]
        assert jsonschema.Draft202012Validator(schema).is_valid("https://crm.example.com")
        assert not jsonschema.Draft202012Validator(schema).is_valid("a\0b")


async def test_document_names_servers_contact_and_license() -> None:
    async with api_client(TRUSTED, api_contact="https://example.com/help", api_base_path="/registry") as client:
        document = (await client.get("/openapi.json")).json()
    assert document["servers"] == [{"url": "/registry", "description": "This installation."}]
    assert document["info"]["contact"] == {
        "name": "Operator of the producer registry",
        "url": "https://example.com/help",
    }
    assert document["info"]["license"] == {"name": "Apache-2.0", "identifier": "Apache-2.0"}
