"""The actions of the demo: send commands, wait for outcomes and events, query the API, and print all of it."""

import asyncio
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from service.cli.command_preparation import CommandPreparer, PreparedCommand
from service.cli.demo.fixtures import Step
from service.cli.demo.output import paragraph, sign
from service.cli.exchange import Answer, Exchange
from service.cli.message import Message, short_type

SOURCE = "/demo"
SECONDS = 20.0
"""Timeout of an answer."""


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
        self.operator = token("demo-operator", "admin:read")
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
            for message in await self._exchange.poll():
                if "causationid" in message.attributes and not message.type.startswith("command."):
                    self._events[message.attributes["id"]] = message
        if not quiet:
            for answer in answers:
                self._show(answer, known, whole=whole)
        self.events = len(self._events)
        return answers

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
        request = urllib.request.Request(self._api + path, headers={"Authorization": f"Bearer {token}"})  # noqa: S310  # the scheme is http
        try:
            with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                body = error.read().decode(errors="replace")
            raise DemoFailed(f"GET {path} returned {error.code}: {body}") from None
        except OSError as error:
            raise DemoFailed(f"GET {path} failed: {error}") from None
