"""The response to a request whose command is decided."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from service.contract.catalogue import wire_type
from service.core.problem import Problem
from service.http.caller import Caller
from service.http.operation import Endpoints, RequestContext
from service.http.parameter import QueryParameters
from service.http.problem import HttpProblem
from service.http.write_access import named
from service.http.write_answer import DECIDED, note, rejection, unavailable_because, used_key
from service.http.write_operation import Write, path_names
from service.http.write_request import Data
from service.store.command_states import CommandState
from service.store.errors import StoreError

ANSWER_SECONDS: Final = 5.0
POLL_SECONDS: Final = 0.05


class Result:
    """The result of one request."""

    def __init__(self, endpoints: Endpoints, write: Write, request: Request, caller: Caller, data: Data) -> None:
        self._endpoints = endpoints
        self._write = write
        self._request = request
        self._caller = caller
        self._data = data

    async def response(self, state: CommandState, deadline: float, *, replayed: bool) -> Response | None:
        """Return the response to a decided command; None if what it changed cannot be read yet.

        Raises HttpProblem for a rejected command, and if its object does not exist any more.
        """
        note(self._request.scope, DECIDED)
        write, outcome = self._write, orjson.loads(state.outcome or b"{}")
        if outcome["command"]["type"] != wire_type(write.command):
            raise used_key(outcome["command"]["type"])
        headers = {"Idempotent-Replayed": "true"} if replayed else {}
        try:
            if state.status == "rejected":
                raise self._rejection(outcome["problem"])
            if write.removes:
                return Response(status_code=204, headers=headers)
            ids = self._ids(outcome["subject"])
            response = await self._resource(outcome, ids, max(deadline, time.monotonic() + ANSWER_SECONDS))
        except HttpProblem as refused:
            refused.headers.update(headers)
            raise
        if response is None:
            return None
        if state.status == "accepted" and write.creates:
            response.status_code = 201
            headers["Location"] = self._request.scope.get("base_path", "") + self._path(ids)
        response.headers.update(headers)
        return response

    def _rejection(self, problem: Mapping[str, Any]) -> HttpProblem:
        errors = [Problem(error["code"], error["message"], error["path"]) for error in problem["errors"]]
        place, removes = self._write.place, self._write.removes
        return rejection(errors, problem.get("more", 0), lambda path: place(self._data, path), removal=removes)

    def _ids(self, subject: str) -> dict[str, str]:
        """Return the path parameters of the object: the subject, and the producer code of an association.

        The outcome does not have the code of an association, so this is the one that the request names.
        """
        names = path_names(self._write.get.path)
        if len(names) == 1:
            return {names[0]: subject}
        data = self._write.checked(self._data, subject)
        [code] = [one.id for one in named(data, self._write.references) if one.kind == "code"]
        return dict(zip(names, (subject, code), strict=True))

    def _path(self, ids: Mapping[str, str]) -> str:
        return self._write.get.path.format_map(ids)

    async def _resource(self, outcome: Mapping[str, Any], ids: dict[str, str], deadline: float) -> Response | None:
        """Return the resource as a GET does, in the version of the outcome or a later one; None after the deadline.

        A standby may not have it yet. Raises HttpProblem (404) if it does not exist any more, or not for the caller.
        """
        source = self._endpoints.source
        context = RequestContext(self._get(ids), source, self._caller, QueryParameters({}, ()), ids)
        is_gone = False
        while True:
            try:
                async with source.limit.slot(self._caller.subject):
                    response = await self._write.get.answer(context)
                if int(response.headers["etag"][1:].partition("-")[0]) >= outcome["version"]:
                    return response
            except HttpProblem as refused:
                if refused.status == 503:
                    raise unavailable_because("The result cannot be read at the moment.", DECIDED) from None
                # The object may have appeared before its owner was read.
                if refused.status != 404 or is_gone:
                    raise
                is_gone = await self._is_current(outcome)
                if is_gone:
                    continue
            except StoreError as error:
                self._endpoints.failures.record(error)
                raise unavailable_because("The database is not available at the moment.", DECIDED) from None
            if time.monotonic() > deadline:
                return None
            await asyncio.sleep(POLL_SECONDS)

    def _get(self, ids: Mapping[str, str]) -> Request:
        headers = [(name, value) for name, value in self._request.scope["headers"] if not name.startswith(b"if-")]
        path = self._path(ids)
        return Request({**self._request.scope, "method": "GET", "path": path, "query_string": b"", "headers": headers})

    async def _is_current(self, outcome: Mapping[str, Any]) -> bool:
        """Return whether the database that is read has the version of the outcome."""
        subject = outcome["subject"]
        try:
            found = await self._endpoints.source.reader.owned(self._write.kind, [subject])
        except StoreError:
            return False
        return subject in found and found[subject].version >= outcome["version"]
