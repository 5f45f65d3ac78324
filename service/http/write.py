"""Operations that write: a request becomes a command on Kafka and waits for its outcome."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson
from starlette.requests import Request
from starlette.responses import Response

from service.contract.aggregate import READERS
from service.contract.catalogue import wire_type
from service.contract.cloudevent import MAX_SOURCE_BYTES
from service.contract.http_source import API, PUBLISHED_BY, http_source
from service.contract.sending import CommandRecord, command_event, command_record
from service.core.command import Invalid
from service.core.ids import created_subject
from service.core.problem import Problem
from service.http.caller import Caller
from service.http.operation import Endpoints, Operation, RequestContext
from service.http.outcome_wait import OutcomeWaits, TooManyWaiting, Waiting
from service.http.parameter import QueryParameters, read
from service.http.problem import Error, HttpProblem, body_too_large, not_found
from service.http.publisher import Acknowledgement, MaybePublished, NotPublished, Publisher
from service.http.scope import ADMIN_WRITE
from service.http.write_answer import (
    DECIDED,
    MAYBE_PUBLISHED,
    NOTHING_PUBLISHED,
    dead_lettered,
    pending,
    rejection,
    unavailable_because,
)
from service.http.write_request import Data, expected_version, given_key, new_key, read_data, seconds_to_wait
from service.store.command_states import CommandState
from service.store.errors import StoreError

PUBLISH_SECONDS: Final = 5.0
INBOX_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 5.0
POLL_SECONDS: Final = 0.05

Kind = Literal["code", "group", "user"]


@dataclass(frozen=True, slots=True)
class Write:
    """An operation that sends `command`; `get` is the operation whose response it returns.

    `subject` is the path parameter with the subject, None for a create; `kind` is the kind of the subject.
    `organization` leads to the id of the organization in the data of a create.
    """

    method: str
    path: str
    id: str
    summary: str
    command: str
    kind: Kind
    get: Operation
    example: Any
    subject: str | None = None
    organization: tuple[str, ...] = ()
    enveloped: bool = True


@dataclass(frozen=True, slots=True)
class WriteServices:
    """What writes need: the publisher, the waiting requests, and the limit of a body in bytes."""

    publisher: Publisher
    waits: OutcomeWaits
    max_body_bytes: int


@dataclass(frozen=True, slots=True)
class WriteEndpoints:
    """The endpoints of writes, with authentication and authorization before anything is published."""

    endpoints: Endpoints
    services: WriteServices

    def endpoint(self, write: Write) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint of a write; it raises HttpProblem for every error."""

        async def receive(request: Request) -> Response:
            # The response has the key whatever happens.
            request.scope["idempotency_key"] = given_key(request.scope) or new_key()
            caller = await self.endpoints.admitted(request, ADMIN_WRITE)
            read(request.scope["query_string"], ())
            one = _OneWrite(self, write, request, caller, await read_data(request, enveloped=write.enveloped))
            return await one.answer()

        return receive


class _OneWrite:
    """One request that writes."""

    def __init__(self, service: WriteEndpoints, write: Write, request: Request, caller: Caller, data: Data) -> None:
        self._endpoints = service.endpoints
        self._services = service.services
        self._write = write
        self._request = request
        self._caller = caller
        self._key: str = request.scope["idempotency_key"]
        self._data = data
        self._source = http_source(caller.subject)
        self._subject = request.path_params.get(write.subject) if write.subject else None

    async def answer(self) -> Response:
        """Return the response."""
        if len(self._source) > MAX_SOURCE_BYTES:
            raise HttpProblem(403, [Error("forbidden", "The subject of the token is too long to write.")])
        seconds = seconds_to_wait(self._request)
        deadline = time.monotonic() + seconds
        _extend(self._request, seconds + INBOX_SECONDS + PUBLISH_SECONDS + 2 * ANSWER_SECONDS)
        try:
            waiting = self._services.waits.register(self._source, self._key)
        except TooManyWaiting:
            raise unavailable_because("Too many requests wait for an outcome.", NOTHING_PUBLISHED) from None
        with waiting:
            known = await self._known(waiting)
            if known.status is not None:
                response = await self._decided(known, deadline, replayed=True)
                if response is None:
                    raise unavailable_because("The result cannot be read at the moment.", DECIDED)
                return response
            record = await self._record()
            place = await self._publish(record)
            waiting.published(*place)
            try:
                async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                    state = await waiting.outcome()
            except TimeoutError:
                return pending(self._request, waiting.sent, place)
        if state.status is None:
            raise dead_lettered()
        return await self._decided(state, deadline, replayed=False) or pending(self._request, waiting.sent, place)

    async def _known(self, waiting: Waiting) -> CommandState:
        try:
            async with asyncio.timeout(INBOX_SECONDS):
                return await waiting.first()
        except (StoreError, TimeoutError):
            raise unavailable_because("The database is not available at the moment.", NOTHING_PUBLISHED) from None

    async def _record(self) -> CommandRecord:
        """Return the record of the command. Raises HttpProblem for what the caller must not or cannot write."""
        write, data = self._write, self._data
        expected = expected_version(self._request)
        organization = await self._organization()
        reader = READERS[wire_type(write.command)]
        subject = self._subject or created_subject(self._source, self._key)
        body = reader.read(data.value, subject, data.text, ())
        if isinstance(body, Invalid):
            raise rejection(body.problems, body.more, data.pointer)
        event = command_event(
            write.command,
            data.value,
            id=self._key,
            source=self._source,
            subject=subject,
            expectedversion=expected,
            partitionkey=organization or subject,
            traceparent=self._request.headers.get("traceparent"),
            tracestate=self._request.headers.get("tracestate"),
            **{PUBLISHED_BY: API},
        )
        record = command_record(event, self._endpoints.source.commands.topics)
        if len(record.value) > self._services.max_body_bytes:
            raise body_too_large(self._services.max_body_bytes)
        return record

    async def _organization(self) -> str | None:
        """Return the organization of the subject, None if it is unknown. Raises a 404 if the caller may not see it."""
        if self._subject is None:
            value: Any = self._data.value
            for name in self._write.organization:
                value = value.get(name) if isinstance(value, dict) else None
            if isinstance(value, str) and not self._caller.sees(value):
                raise not_found("/".join((self._data.pointer, *self._write.organization)))
            return value if isinstance(value, str) else None
        try:
            found = await self._endpoints.source.reader.subject_organization(self._write.kind, self._subject)
        except StoreError as error:
            self._endpoints.failures.record(error)
            raise unavailable_because("The database is not available at the moment.", NOTHING_PUBLISHED) from None
        if self._caller.organizations is not None and (found is None or not self._caller.sees(found)):
            raise not_found(self._write.subject or "")
        return found

    async def _publish(self, record: CommandRecord) -> Acknowledgement:
        try:
            return await self._services.publisher.publish(record, PUBLISH_SECONDS)
        except NotPublished:
            raise unavailable_because("The broker is not available at the moment.", NOTHING_PUBLISHED) from None
        except MaybePublished:
            raise unavailable_because("The broker did not confirm the command.", MAYBE_PUBLISHED) from None

    async def _decided(self, state: CommandState, deadline: float, *, replayed: bool) -> Response | None:
        """Return the response to a decided command; None if what it changed cannot be read yet."""
        outcome = orjson.loads(state.outcome or b"{}")
        headers = {"Idempotent-Replayed": "true"} if replayed else {}
        if state.status == "rejected":
            problem = outcome["problem"]
            errors = [Problem(error["code"], error["message"], error["path"]) for error in problem["errors"]]
            refused = rejection(errors, problem.get("more", 0), self._data.pointer)
            refused.headers.update(headers)
            raise refused
        response = await self._resource(outcome, max(deadline, time.monotonic() + ANSWER_SECONDS))
        if response is None:
            return None
        if state.status == "accepted" and self._write.subject is None:
            response.status_code = 201
            headers["Location"] = self._request.scope.get("base_path", "") + self._path(outcome["subject"])
        response.headers.update(headers)
        return response

    async def _resource(self, outcome: Mapping[str, Any], deadline: float) -> Response | None:
        """Return the resource as a GET does, in the version of the outcome or a later one; None after the deadline.

        A standby may not have it yet.
        """
        source, get = self._endpoints.source, self._write.get
        subject = outcome["subject"]
        headers = [(name, value) for name, value in self._request.scope["headers"] if not name.startswith(b"if-")]
        scope = {
            **self._request.scope,
            "method": "GET",
            "path": self._path(subject),
            "query_string": b"",
            "headers": headers,
        }
        context = RequestContext(
            Request(scope), source, self._caller, QueryParameters({}, ()), {_parameter(get.path): subject}
        )
        while True:
            try:
                async with source.limit.slot(self._caller.subject):
                    response = await get.answer(context)
                if int(response.headers["etag"][1:].partition("-")[0]) >= outcome["version"]:
                    return response
            except HttpProblem as refused:
                if refused.status != 404:
                    raise
            except StoreError as error:
                self._endpoints.failures.record(error)
                raise unavailable_because("The database is not available at the moment.", DECIDED) from None
            if time.monotonic() > deadline:
                return None
            await asyncio.sleep(POLL_SECONDS)

    def _path(self, subject: str) -> str:
        return self._write.get.path.replace(f"{{{_parameter(self._write.get.path)}}}", subject)


def _parameter(path: str) -> str:
    return path[path.index("{") + 1 : path.index("}")]


def _extend(request: Request, seconds: float) -> None:
    """Allow the request this many seconds from now."""
    limit: asyncio.Timeout | None = request.scope.get("time_limit")
    if limit is not None:
        limit.reschedule(asyncio.get_running_loop().time() + seconds)
