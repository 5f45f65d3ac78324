"""Requests that write: a request becomes a command on Kafka and waits for its outcome."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from service.contract.attribute_rule import MAX_SOURCE_BYTES
from service.contract.http_source import API, PUBLISHED_BY, http_source
from service.contract.sending import CommandRecord, command_event, command_record
from service.core.ids import created_subject
from service.http.caller import Caller
from service.http.operation import Endpoints
from service.http.outcome_wait import OutcomeWaits, TooManyWaiting, Waiting
from service.http.parameter import read
from service.http.problem import Error, HttpProblem, body_too_large, not_found
from service.http.publisher import Acknowledgement, MaybePublished, NotPublished, Publisher
from service.http.scope import ADMIN_WRITE
from service.http.write_access import named, unseen
from service.http.write_answer import (
    DECIDED,
    MAYBE_PUBLISHED,
    NOTHING_PUBLISHED,
    PUBLISHED,
    dead_lettered,
    note,
    pending,
    unavailable_because,
)
from service.http.write_operation import Write, path_names
from service.http.write_request import Data, expected_version, given_key, new_key, read_data, seconds_to_wait
from service.http.write_result import ANSWER_SECONDS, Result
from service.store.command_states import CommandState
from service.store.errors import StoreError

PUBLISH_SECONDS: Final = 5.0
INBOX_SECONDS: Final = 5.0


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
            key = request.scope.get("idempotency_key") or given_key(request.scope) or new_key()
            request.scope["idempotency_key"] = key
            note(request.scope, NOTHING_PUBLISHED)
            caller = await self.endpoints.admitted(request, ADMIN_WRITE)
            read(request.scope["query_string"], ())
            return await _OneWrite(self, write, request, caller, await _data(write, request)).answer()

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
        self._result = Result(service.endpoints, write, request, caller, data)
        self._source = http_source(caller.subject)
        self._subject = request.path_params.get(write.subject) if write.subject else None

    async def answer(self) -> Response:
        """Return the response."""
        if len(self._source) > MAX_SOURCE_BYTES:
            error = Error("forbidden", "The subject of the token is too long to write.", "Authorization")
            raise HttpProblem(403, [error], {"WWW-Authenticate": 'Bearer realm="producer-registry"'})
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
                response = await self._result.response(known, deadline, replayed=True)
                if response is None:
                    raise unavailable_because("The result cannot be read at the moment.", DECIDED)
                return response
            record = await self._record()
            note(self._request.scope, MAYBE_PUBLISHED)
            waiting.publishing()
            place = await self._publish(record)
            note(self._request.scope, PUBLISHED)
            waiting.published(*place)
            try:
                state = await waiting.outcome(deadline - time.monotonic())
            except TimeoutError:
                return pending(self._request, waiting.sent, place)
        if state.status is None:
            raise dead_lettered()
        response = await self._result.response(state, deadline, replayed=False)
        return response or pending(self._request, waiting.sent, place)

    async def _known(self, waiting: Waiting) -> CommandState:
        try:
            return await waiting.first(INBOX_SECONDS)
        except (StoreError, TimeoutError):
            raise unavailable_because("The database is not available at the moment.", NOTHING_PUBLISHED) from None

    async def _record(self) -> CommandRecord:
        """Return the record of the command. Raises HttpProblem for what the caller must not or cannot write."""
        write = self._write
        expected = expected_version(self._request)
        subject = self._subject or created_subject(self._source, self._key)
        data = write.checked(self._data, subject)
        try:
            organization = await self._organization(data)
        except StoreError as error:
            self._endpoints.failures.record(error)
            raise unavailable_because("The database is not available at the moment.", NOTHING_PUBLISHED) from None
        event = command_event(
            write.command,
            data,
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

    async def _organization(self, data: Mapping[str, Any]) -> str | None:
        """Return the organization of the subject, None if it is unknown.

        Raises a 404 if the request names something that the caller may not see, and StoreUnavailable.
        """
        write, reader = self._write, self._endpoints.source.reader
        if self._subject is None:
            objects = named(data, write.references)
            organization = next((one.id for one in objects if one.kind == "organization"), None)
        else:
            owned = (await reader.owned(write.kind, [self._subject])).get(self._subject)
            organization = None if owned is None else owned.organization_id
            if self._caller.organizations is not None and (organization is None or not self._caller.sees(organization)):
                raise not_found(write.subject or "")
        if paths := await unseen(self._caller, reader, named(data, write.references)):
            places = [write.place(self._data, path) for path in paths]
            raise HttpProblem(404, [error for place in places for error in not_found(place).errors])
        return organization

    async def _publish(self, record: CommandRecord) -> Acknowledgement:
        try:
            return await self._services.publisher.publish(record, PUBLISH_SECONDS)
        except NotPublished:
            raise unavailable_because("The broker is not available at the moment.", NOTHING_PUBLISHED) from None
        except MaybePublished:
            raise unavailable_because("The broker did not confirm the command.", MAYBE_PUBLISHED) from None


async def _data(write: Write, request: Request) -> Data:
    """Return the data of the command. A removal has no body: its path names the producer code."""
    if write.removes:
        code = request.path_params[path_names(write.path)[-1]]
        return Data({"producerCode": {"id": code}}, b"", "")
    return await read_data(request, enveloped=write.enveloped)


def _extend(request: Request, seconds: float) -> None:
    """Allow the request this many seconds from now."""
    limit: asyncio.Timeout | None = request.scope.get("time_limit")
    if limit is not None:
        limit.reschedule(asyncio.get_running_loop().time() + seconds)
