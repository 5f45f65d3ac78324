"""The calls of the seed documents, sent with curl as they are printed to one process of the service."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from service.http.development_key import sign
from tests.acceptance.seed_calls import CODES, LOS_ANGELES, MINNEAPOLIS, Call
from tests.support.registry import Registry

SCOPES = "account:read admin:read admin:write"


class Curl:
    """Sends requests with curl."""

    def __init__(self, address: str, token: str) -> None:
        self._address = address
        self._headers = [f"Authorization: Bearer {token}", "Prefer: wait=30"]

    async def __call__(self, text: str) -> tuple[int, dict[str, str], Any]:
        """Send a request as printed; return the status, the headers and the JSON body, None if it is empty."""
        line, _, body = text.partition("\n\n")
        method, path = line.split()
        command = ["curl", "--silent", "--show-error", "--include", "--request", method, self._address + path]
        has_body = body.startswith("{")
        for header in (*self._headers, *(["Content-Type: application/json"] if has_body else [])):
            command += ["--header", header]
        if has_body:
            command += ["--data", body]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        head, _, content = out.decode().replace("\r\n", "\n").partition("\n\n")
        first, *rest = head.split("\n")
        headers = {name.lower(): value for name, _, value in (header.partition(": ") for header in rest)}
        return int(first.split()[1]), headers, json.loads(content) if content else None


@pytest.fixture
async def curl(registry: Registry) -> AsyncIterator[Curl]:
    """Return curl for a process whose registry has what the documents take for granted; the caller is user pc:305."""
    service = await registry.started()
    for n, (kind, subject, data) in enumerate(_directory()):
        await registry.command(kind, subject, data, id=f"d{n}")
    for n in range(len(_directory())):
        await registry.outcome(f"d{n}")
    for n, (kind, subject, data) in enumerate(_objects()):
        await registry.command(kind, subject, data, id=f"o{n}")
    for n in range(len(_objects())):
        outcome = await registry.outcome(f"o{n}")
        assert outcome.text["ce_type"] == "producer-registry.command.accepted.v1", outcome.value
    folder = Path(str(registry.settings["jwks"])).parent
    token = sign(folder, subject="pc:305", scope=SCOPES, audience="producer-registry", issued_at=int(time.time()))
    yield Curl(f"http://127.0.0.1:{service.api_port}", token)
    assert await service.stop() == 0, service.last_lines()


def _directory() -> list[tuple[str, str, dict[str, Any]]]:
    branches = [
        (one["id"], {name: one[name] for name in ("branchCode", "displayName")}) for one in (MINNEAPOLIS, LOS_ANGELES)
    ]
    return [
        ("organization.put", "pc:1", {"displayName": "Armstrong and Company"}),
        ("organization.put", "pc:4", {"displayName": "ACV Property Insurance"}),
        ("organization.put", "pc:9", {"displayName": "Allrisk Insurance"}),
        *(("branch.put", id_, data) for id_, data in branches),
        ("role.put", "producer", {"displayName": "Producer"}),
        ("role.put", "producercode_submission", {"displayName": "Producer Code - Submissions"}),
    ]


def _code(subject: str, code: str, organization: str, description: str | None, **more: Any) -> tuple[str, str, Any]:
    data = {"code": code, "organization": {"id": organization}, "description": description, **more}
    return "producer-code.create", subject, {"roles": [{"id": "producer"}], **data}


def _objects() -> list[tuple[str, str, dict[str, Any]]]:
    both = [{"id": "producer"}, {"id": "producercode_submission"}]
    acv = "ACV Property Insurance"
    minneapolis, los_angeles = ({"id": one["id"]} for one in (MINNEAPOLIS, LOS_ANGELES))
    users = [
        ("user.create", id_, {"name": "Ann", "email": "ann@example.com", "organization": {"id": "pc:4"}})
        for id_ in ("pc:305", "pc:310")
    ]
    submissions = {"producerCode": {"id": "pc:535"}, "roles": [{"id": "producercode_submission"}]}
    return [
        _code("pc:6", "100-002541", "pc:1", "Armstrong (Premier)", branch=los_angeles),
        *(_code(f"pc:{n}", f"501-00254{n - 108}", "pc:1", None) for n in range(110, 115)),
        _code("pc:16", "301-008578", "pc:4", acv, branch=minneapolis, roles=both),
        _code("pc:17", "301-008580", "pc:4", acv),
        _code("pc:535", "301-008581", "pc:4", acv, roles=both),
        _code("pc:664", "301-008582", "pc:4", acv),
        *(_code(f"other-{n}", f"AI-507{n:02}", "pc:9", None) for n in range(20)),
        ("group.create", "pc:669", {"type": "region", "value": "Midwest", "distributor_id": "pc:4"}),
        *users,
        ("user.add-producer-code", "pc:305", submissions),
        ("group.add-producer-code", "pc:669", {"producerCode": {"id": "pc:16"}}),
    ]


def _contains(actual: Mapping[str, Any], expected: Mapping[str, Any]) -> bool:
    return all(name in actual and value == actual[name] for name, value in expected.items())


def _check(call: Call, status: int, headers: Mapping[str, str], body: Any) -> None:
    """Compare a response with what the document shows."""
    assert status == call.status, (call.text, body)
    method = call.text.partition(" ")[0]
    assert ("idempotency-key" in headers) == (method != "GET"), call.text
    if status == 204:
        assert body is None
        return
    if status == 404:
        return
    assert headers["etag"], call.text
    assert ("location" in headers) == (status == 201), call.text
    if call.count is not None:
        assert (body["count"], len(body["data"])) == (call.count, call.count), call.text
    items = body["data"] if isinstance(body["data"], list) else [body["data"]]
    if call.attributes is not None:
        assert any(_contains(item["attributes"], call.attributes) for item in items), (call.text, body)


async def test_the_calls_of_the_producer_codes_document_do_what_it_says(curl: Curl) -> None:
    for call in CODES:
        _check(call, *await curl(call.text))
    [created] = [
        item
        for item in (await curl("GET /admin/v1/organizations/pc:4/producer-codes"))[2]["data"]
        if item["attributes"]["code"] == "301-008579"
    ]
    assert (await curl(f"GET {created['links']['self']['href']}"))[2]["data"] == created


OFFICE = """{
  "type": "office",
  "value": {
    "line1": "10 Main Street",
    "city": "Minneapolis",
    "state": "MN",
    "postal_code": "55401",
    "country_code": "USA"
  },
  "distributor_id": "pc:4"
}
"""
"""The groups document shows no bodies: it names the fields."""


async def test_the_routes_of_the_groups_document_do_what_it_says(curl: Curl) -> None:
    status, headers, created = await curl(f"POST /groups\n\n{OFFICE}")
    group = created["group"]
    assert (status, headers["location"]) == (201, f"/groups/{group['id']}")
    assert group == {"id": group["id"], **json.loads(OFFICE), "producers": None, "products": None}
    assert (await curl(f"GET {headers['location']}"))[2] == created
    assert group in (await curl("GET /groups"))[2]["groups"]

    moved = OFFICE.replace("10 Main Street", "20 Main Street")
    status, _, changed = await curl(f"PUT {headers['location']}\n\n{moved}")
    assert (status, changed["group"]["value"]["line1"]) == (200, "20 Main Street")
    assert changed["group"]["id"] == group["id"]

    person = {"name": "Ben", "email": "ben@example.com", "external_id": "b-1", "distributor_id": "pc:4"}
    status, at, producer = await curl(f"POST /producers\n\n{json.dumps({**person, 'groups': [group['id']]})}")
    assert status == 201, producer
    member = {"id": producer["producer"]["id"], "name": "Ben", "email": "ben@example.com", "external_id": "b-1"}
    assert (await curl(f"GET {headers['location']}"))[2]["group"]["producers"] == [member]
    status, _, left = await curl(f"PUT {at['location']}\n\n{json.dumps(person)}")
    assert (status, left["producer"]["groups"]) == (200, [])
    assert (await curl(f"GET {headers['location']}"))[2]["group"]["producers"] is None
