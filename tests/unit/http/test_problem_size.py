"""A problem is small, whatever the request is: the first errors by path, the number of the others, and short texts.

The same holds for what a process keeps of a request.
"""

import tracemalloc
from typing import Any
from urllib.parse import quote

import httpx
import jsonschema
import pytest
from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from service.core.problem import MAX_ERRORS, MAX_NAME
from service.http.collection import SORT, collection
from service.http.filter_text import FILTER
from service.http.middleware import RequestMiddleware
from service.http.parameter import read
from service.http.problem import Error, HttpProblem
from service.store.code_page import Page
from tests.support.issuer import Issuer
from tests.unit.http.api_client import EMPTY, api_client

ACCOUNT = "/account/v1/producer-codes"
TRUSTED = Issuer()
SMALL = 8_192
"""Bytes of a problem with short names."""


async def _refused(query: str) -> tuple[dict[str, Any], int]:
    """Return the problem of a query, which has to conform to the OpenAPI document, and its length in bytes."""
    async with api_client(TRUSTED) as client:
        answer = await client.get(f"{ACCOUNT}?{query}", headers={"Authorization": f"Bearer {TRUSTED.token()}"})
        components = (await client.get("/openapi.json")).json()["components"]
    assert answer.status_code == 400
    problem: dict[str, Any] = answer.json()
    schema = {"$ref": "#/components/schemas/Problem", "components": components}
    jsonschema.Draft202012Validator(schema).validate(problem)
    return problem, len(answer.content)


async def test_the_problem_of_3000_unknown_parameters_is_small() -> None:
    names = [f"{number:x}" for number in range(3_000)]
    problem, length = await _refused("&".join(names))
    assert [error["path"] for error in problem["errors"]] == sorted(names)[:MAX_ERRORS]
    assert problem["more"] == 3_000 - MAX_ERRORS
    assert problem["detail"] == " ".join(error["message"] for error in problem["errors"])
    assert length < SMALL


@pytest.mark.parametrize(("count", "more"), [(MAX_ERRORS, None), (MAX_ERRORS + 1, 1)])
async def test_nothing_is_left_out_up_to_the_limit(count: int, more: int | None) -> None:
    problem, _ = await _refused("&".join(f"x{number}" for number in range(count)))
    assert (len(problem["errors"]), problem.get("more")) == (MAX_ERRORS, more)


async def test_all_errors_of_one_parameter_count() -> None:
    problem, length = await _refused(f"{SORT.name}=" + ",".join(f"x{number}" for number in range(2_000)) + "&zzz=1")
    assert {error["path"] for error in problem["errors"]} == {SORT.name}
    assert problem["more"] == 2_001 - MAX_ERRORS
    assert length < SMALL


@pytest.mark.parametrize("character", ["x", "é", "𐀀"])
async def test_a_long_name_is_shortened(character: str) -> None:
    problem, length = await _refused(quote(character * 1_000))
    (error,) = problem["errors"]
    shown = f"{character * MAX_NAME}…"
    assert error["path"] == shown
    assert error["message"].startswith(f"{shown} is not a parameter of this operation; allowed parameters: ")
    assert length < SMALL


@pytest.mark.parametrize(
    "query",
    [f"filter={'x' * 15_000}:eq:1", f"filter=code:{'x' * 15_000}", f"fields={'x' * 15_000}", f"sort={'x' * 15_000}"],
)
async def test_a_long_value_is_shortened(query: str) -> None:
    problem, length = await _refused(query)
    (error,) = problem["errors"]
    assert f"{'x' * MAX_NAME}… is not " in error["message"]
    assert length < 2_048


@pytest.mark.parametrize("path", ["/nowhere" * 4_000, "/" + "%F0%90%80%80" * 2_000], ids=["ascii", "encoded"])
async def test_the_path_of_a_problem_is_shortened(path: str) -> None:
    async with api_client(TRUSTED) as client:
        answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.json()["instance"].startswith(path[:100])
    assert answer.json()["instance"].endswith(quote("…"))
    assert len(answer.content) < SMALL


def test_the_links_of_long_queries_are_not_kept() -> None:
    tracemalloc.start()
    try:
        for number in range(64):
            text = f"filter=code:cn:{number}{'<' * 15_000}".encode()
            request = Request({"type": "http", "path": ACCOUNT, "query_string": text, "headers": []})
            assert len(collection(request, read(text, (FILTER,)), Page(), EMPTY).body) > 15_000
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_048_576


async def test_the_path_in_a_log_line_is_shortened() -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("a defect")

    transport = httpx.ASGITransport(RequestMiddleware(failing, max_body=1, timeout=5, direct={}))
    with capture_logs() as logs:
        async with httpx.AsyncClient(transport=transport, base_url="http://registry.example") as client:
            assert (await client.get("/nowhere" * 4_000)).status_code == 500
    (line,) = logs
    assert line["path"].startswith("/nowhere/nowhere")
    assert len(line["path"]) < 1_024


def test_a_problem_keeps_only_the_errors_that_it_reports() -> None:
    problem = HttpProblem(400, [Error("invalid", "No.", str(number)) for number in range(5_000)])
    assert (len(problem.errors), problem.more, len(problem.args[1])) == (MAX_ERRORS, 5_000 - MAX_ERRORS, MAX_ERRORS)
