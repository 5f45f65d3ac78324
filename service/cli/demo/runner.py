"""The actions of the demo: send commands, wait for outcomes and events, query the API, and print all of it."""

import asyncio
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.message import Message as HeaderFields
from types import MappingProxyType
from typing import Any, TypeAlias

from service.cli.command_preparation import CommandPreparer, PreparedCommand
from service.cli.demo.fixtures import Step
from service.cli.demo.output import json_text, paragraph, sign
from service.cli.exchange import Answer, Exchange
from service.cli.message import Message, short_type

SOURCE = "/demo"
SECONDS = 20.0
"""Timeout of an answer."""


Attributes: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Response:
    """A response of the API; the body is JSON, None if there is none."""

    status: int
    headers: HeaderFields
    body: Any


class DemoFailed(Exception):
    """A result was missing or not as expected."""


class DemoRunner:
    """The actions of one run. `api` is the address of the API; `token` signs a token for a subject and its scopes."""

    def __init__(
        self, exchange: Exchange, preparer: CommandPreparer, api: str, token: Callable[[str, str], str]
    ) -> None:
        self._exchange = exchange
        self._preparer = preparer
        self._api = api
        self._token = token
        self._events: dict[str, Message] = {}
        self.operator = token("demo-operator", "admin:read admin:write")
        self.commands = self.events = self.requests = 0

    def expect(self, actual: object, expected: object, what: str) -> None:
        """Raise DemoFailed unless the values are equal. `what` is the fact that they show."""
        if actual != expected:
            raise DemoFailed(f"{what}: expected {expected!r}, got {actual!r}")

    async def send(self, *steps: Step, whole: bool = False) -> list[Answer]:
        """Send commands, wait for their outcomes and events, and print them on one line each or in full (`whole`)."""
        commands: list[PreparedCommand] = []
        for type_, subject, data in steps:
            self.commands += 1
            event = {"id": f"{self.commands:02}", "source": SOURCE, "type": type_, "data": data}
            if subject:
                event["subject"] = subject
            commands.append(self._preparer.complete(self.commands, event))
            short = "" if whole else json.dumps(data, ensure_ascii=False)
            sign("->", f"{type_} {subject or '(new)'} {short}", data if whole else None)
        return await self._deliver(commands, whole=whole)

    async def repeat(self, answer: Answer) -> Answer:
        """Send the same command again."""
        self.commands += 1
        sign("->", f"{short_type(answer.command.type)} again, with the same id {answer.command.id}")
        (repeated,) = await self._deliver([answer.command])
        return repeated

    async def send_invalid(self, value: bytes) -> str:
        """Publish a record that is not a command to the command topic, and return the reason of its dead letter."""
        command = self._preparer.complete(0, {"id": "broken", "source": SOURCE, "type": "group.create"})
        broken = replace(command, type="", key=b"pc:1", value=value)
        sign("->", value.decode())
        (answer,) = await self._deliver([broken], quiet=True)
        sign("!!", f"dead letter, reason {answer.reason}")
        return answer.reason

    async def get(self, path: str, token: str, *, whole: bool = False) -> Any:
        """Send a GET request, and print the number of items in the response or the whole response. Return its body."""
        self.requests += 1
        sign("??", f"GET {path}")
        body = await asyncio.to_thread(self._get, path, token)
        if whole:
            sign("==", "200", body)
        else:
            items = body.get("data", body.get("groups"))
            sign("==", f"200, {len(items)} items")
        return body

    async def write(self, method: str, path: str, attributes: Attributes | None, **headers: str) -> Response:
        """Send a request that writes, as the operator, and print it with its response and event. Return the response.

        The names of the headers have underscores instead of hyphens.
        """
        self.requests += 1
        body = None if attributes is None else {"data": {"attributes": attributes}}
        given = {name.replace("_", "-").title(): value for name, value in headers.items()}
        sign("??", f"{method} {path}")
        paragraph("  ".join(f"{name}: {value}" for name, value in given.items()))
        if body is not None:
            json_text(body)
        response = await asyncio.to_thread(self._request, method, path, self.operator, given, body)
        sign("==", str(response.status))
        shown = {name: response.headers.get(name) for name in ("Location", "ETag", "Idempotent-Replayed")}
        for name, value in shown.items():
            if value is not None:
                paragraph(f"{name}: {value}")
        if shown["Idempotent-Replayed"] is None:
            await self._show_event(given["Idempotency-Key"])
        return response

    async def _show_event(self, command_id: str) -> None:
        """Wait for the event of a command that the API has published, and print it."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            for message in await self._poll():
                if message.attributes["causationid"] == command_id:
                    self.events = len(self._events)
                    sign("**", f"{message.type} {message.attributes['subject']}")
                    return
        raise DemoFailed(f"no event within {SECONDS:g} seconds")

    async def codes_of(self, subject: str) -> list[str]:
        """Return the strings of the usable codes of a caller."""
        path = "/account/v1/producer-codes"
        self.requests += 1
        sign("??", f"GET {path}  as {subject}")
        body = await asyncio.to_thread(self._get, path, self._token(subject, "account:read"))
        codes = sorted(item["attributes"]["code"] for item in body["data"])
        sign("==", ", ".join(codes) or "none")
        return codes

    async def _deliver(
        self, commands: list[PreparedCommand], *, whole: bool = False, quiet: bool = False
    ) -> list[Answer]:
        known = set(self._events)
        answers = await self._exchange.send(commands)
        deadline = time.monotonic() + SECONDS
        while self._exchange.open or self._missing(answers):
            if time.monotonic() > deadline:
                raise DemoFailed(f"no answer within {SECONDS:g} seconds")
            await self._poll()
        if not quiet:
            for answer in answers:
                self._show(answer, known, whole=whole)
        self.events = len(self._events)
        return answers

    async def _poll(self) -> list[Message]:
        """Return the events that have arrived since the last call."""
        events = [
            message
            for message in await self._exchange.poll()
            if "causationid" in message.attributes and not message.type.startswith("command.")
        ]
        self._events.update((event.attributes["id"], event) for event in events)
        return events

    def _missing(self, answers: list[Answer]) -> set[str]:
        return {event for answer in answers for event in answer.outcome.get("events", [])} - set(self._events)

    def _show(self, answer: Answer, known: set[str], *, whole: bool) -> None:
        outcome = answer.outcome
        version = f" version {outcome['version']}" if outcome.get("version") is not None else ""
        events = [self._events[id_] for id_ in outcome.get("events", []) if id_ not in known]
        line = f"{answer.status} {outcome.get('subject') or ''}{version}"
        if whole:
            sign("<-", line)
        else:
            sign("<-", "  ".join([line, *(f"** {event.type}" for event in events)]))
        for error in answer.errors:
            paragraph(f"{error['code']} at {error['path']}: {error['message']}")
        for event in events if whole else []:
            sign("**", f"{event.type} {event.attributes['subject']}", event.data)

    def _get(self, path: str, token: str) -> Any:
        return self._request("GET", path, token).body

    def _request(
        self, method: str, path: str, token: str, headers: Mapping[str, str] = MappingProxyType({}), body: Any = None
    ) -> Response:
        request = urllib.request.Request(self._api + path, method=method)  # noqa: S310  # the scheme is http
        for name, value in {**headers, "Authorization": f"Bearer {token}"}.items():
            request.add_header(name, value)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as response:  # noqa: S310
                text = response.read()
                return Response(response.status, response.headers, json.loads(text) if text else None)
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")
            raise DemoFailed(f"{method} {path} returned {error.code}: {text}") from None
        except OSError as error:
            raise DemoFailed(f"{method} {path} failed: {error}") from None
