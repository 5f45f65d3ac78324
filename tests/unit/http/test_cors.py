"""Browser applications of other origins: off by default, and configured origins see the headers that they need."""

from typing import Any

import httpx
import pytest

from tests.support.issuer import Issuer
from tests.unit.http.api_client import api_client

ACCOUNT = "/account/v1/producer-codes"
APP = "https://app.example.com"
TRUSTED = Issuer()
PREFLIGHT = {"Origin": APP, "Access-Control-Request-Method": "GET"}


async def asked(method: str, headers: dict[str, str], path: str = ACCOUNT, **settings: Any) -> httpx.Response:
    async with api_client(TRUSTED, **settings) as client:
        return await client.request(method, path, headers=headers)


async def test_it_is_off_by_default() -> None:
    answer = await asked("GET", {"Origin": APP, "Authorization": f"Bearer {TRUSTED.token()}"})
    assert (answer.status_code, [name for name in answer.headers if name.startswith("access-control")]) == (200, [])
    assert (await asked("OPTIONS", PREFLIGHT)).status_code == 405


async def test_a_configured_origin_may_read_the_response_and_its_headers() -> None:
    headers = {"Origin": APP, "Authorization": f"Bearer {TRUSTED.token()}"}
    answer = await asked("GET", headers, cors_origins=f"https://other.example.com, {APP}")
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, APP)
    assert {"ETag", "Link", "X-Request-Id"} <= set(answer.headers["access-control-expose-headers"].split(", "))
    assert "Origin" in answer.headers["vary"]


async def test_an_origin_is_configured_in_any_case() -> None:
    """Browsers send it in lower case."""
    assert (await asked("OPTIONS", PREFLIGHT, cors_origins="HTTPS://App.Example.com")).status_code == 200


@pytest.mark.parametrize("header", ["authorization", "content-type", "if-none-match", "traceparent", "tracestate"])
async def test_headers_that_clients_send_are_allowed(header: str) -> None:
    """Tracing in browsers adds the headers of W3C Trace Context to each request."""
    asking = {**PREFLIGHT, "Access-Control-Request-Headers": header}
    assert (await asked("OPTIONS", asking, cors_origins=APP)).status_code == 200


async def test_another_origin_may_not() -> None:
    headers = {"Origin": "https://evil.example", "Authorization": f"Bearer {TRUSTED.token()}"}
    assert "access-control-allow-origin" not in (await asked("GET", headers, cors_origins=APP)).headers


@pytest.mark.parametrize(("path", "status"), [(ACCOUNT, 401), ("/nowhere", 404), (f"{ACCOUNT}?{'x' * 20_000}", 414)])
async def test_problems_have_the_headers_too(path: str, status: int) -> None:
    answer = await asked("GET", {"Origin": APP}, path, cors_origins=APP)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, APP)
    assert "x-request-id" in answer.headers


@pytest.mark.parametrize("origins", [APP, "*"])
async def test_a_preflight_request_needs_no_token(origins: str) -> None:
    headers = {**PREFLIGHT, "Access-Control-Request-Headers": "authorization,if-none-match,x-request-id"}
    answer = await asked("OPTIONS", headers, cors_origins=origins)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ("*" if origins == "*" else APP)
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD"
    assert "x-request-id" in answer.headers


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"Origin": "https://evil.example"}, "origin"),
        ({"Access-Control-Request-Method": "DELETE"}, "method"),
        ({"Access-Control-Request-Headers": "x-other"}, "headers"),
    ],
)
async def test_a_preflight_request_that_is_not_allowed_is_a_problem(changed: dict[str, str], what: str) -> None:
    answer = await asked("OPTIONS", {**PREFLIGHT, **changed}, cors_origins=APP)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["errors"] == [
        {"code": "not-allowed-by-cors", "message": f"Disallowed CORS {what}.", "path": ""}
    ]
    assert "x-request-id" in answer.headers


async def test_options_without_a_preflight_is_a_method_that_is_not_allowed() -> None:
    assert (await asked("OPTIONS", {"Origin": APP}, cors_origins=APP)).status_code == 405
