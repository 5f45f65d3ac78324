"""The response to a decided command while the database that is read is behind, and when the object is gone."""

import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from starlette.requests import Request
from starlette.responses import Response

from service.http.association import WRITES
from service.http.concurrency_limit import ConcurrencyLimit
from service.http.operation import RequestContext
from service.http.problem import HttpProblem, not_found
from service.http.write_request import Data
from service.http.write_result import Result
from service.store.command_states import CommandState
from service.store.read_store import Owned

ADDED = WRITES[0]
OUTCOME = {"command": {"type": "producer-registry.user.add-producer-code.v1"}, "subject": "ann", "version": 3}
ACCEPTED = CommandState("accepted", orjson.dumps(OUTCOME), passed=True)


class Reading:
    """A database: for each read of the association its version or None, for each read of the user its version."""

    def __init__(self, associations: list[int | None], users: list[int]) -> None:
        self.associations: Iterator[int | None] = iter(associations)
        self.users: Iterator[int] = iter(users)

    async def answer(self, context: RequestContext) -> Response:
        assert context.ids == {"userId": "ann", "producerCodeId": "pc:16"}
        version = next(self.associations)
        if version is None:
            raise not_found("producerCodeId")
        return Response(b"{}", headers={"ETag": f'"{version}-0123456789abcdef"'})

    async def owned(self, kind: str, ids: list[str]) -> dict[str, Owned]:
        assert (kind, ids) == ("user", ["ann"])
        return {"ann": Owned("pc:4", next(self.users))}


async def _response(reading: Reading) -> Response | None:
    endpoints: Any = SimpleNamespace(source=SimpleNamespace(reader=reading, limit=ConcurrencyLimit(1, 1)))
    caller: Any = SimpleNamespace(subject="ann")
    write = replace(ADDED, get=replace(ADDED.get, answer=reading.answer))
    request = Request({"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""})
    data = Data({"producerCode": {"id": "pc:16"}}, b"{}", "/data/attributes")
    return await Result(endpoints, write, request, caller, data).response(ACCEPTED, time.monotonic(), replayed=True)


async def test_the_response_waits_for_the_version_of_the_outcome() -> None:
    response = await _response(Reading([None, None, 2, 3], [2, 2]))
    assert response is not None
    assert (response.status_code, response.headers["etag"][:3]) == (201, '"3-')
    assert response.headers["location"] == "/admin/v1/users/ann/producer-codes/pc:16"


async def test_an_association_that_appears_before_its_user_is_read_is_shown() -> None:
    response = await _response(Reading([None, 3], [3]))
    assert response is not None
    assert response.status_code == 201


async def test_an_association_that_was_removed_is_not_waited_for() -> None:
    with pytest.raises(HttpProblem) as refused:
        await _response(Reading([None, None], [4]))
    assert (refused.value.status, refused.value.headers["Idempotent-Replayed"]) == (404, "true")
