"""Senders over HTTP: they write codes and associations during a run, and repeat with the same key after failures."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from service.contract.http_source import http_source
from tests.chaos.reader import answers
from tests.support.checker.evidence import Response, Write
from tests.support.checker.write import is_final
from tests.support.command_draw import ORGANIZATIONS, ROLES

if TYPE_CHECKING:
    from tests.chaos.run import Run

CODES = "/admin/v1/producer-codes"
SUBJECT = "writer"
CONNECTIONS = 4
PAUSE_SECONDS = 0.15
AGAIN_SECONDS = 0.1
ATTEMPT_SECONDS = 15.0
FINISH_SECONDS = 120.0
STRINGS = 200
"""Number of code strings for creations: some are taken."""
REPEATED, LEFT = 0.15, 0.3
"""The shares of decided writes that are repeated, and of 202 responses after which the sender goes on."""


@dataclass(slots=True)
class Call:
    """A write with its request, which is the same in each attempt."""

    write: Write
    method: str
    path: str
    body: dict[str, Any] | None
    headers: dict[str, str]


class HttpSender:
    """Sends writes to the running services in random order; `calls` has all of them."""

    def __init__(self, run: "Run", connections: int = CONNECTIONS, pause: float = PAUSE_SECONDS) -> None:
        self._run = run
        self._random = Random(f"{run.seed}/http")
        self._connections = connections
        self._pause = pause
        self._created = [f"{organization}-code-fixed" for organization in ORGANIZATIONS]
        self.calls: list[Call] = []

    @property
    def writes(self) -> list[Write]:
        """The keys and the responses to them."""
        return [call.write for call in self.calls]

    def description(self) -> str:
        """Return the number of responses of each status as text."""
        counts = Counter(response.status for write in self.writes for response in write.responses)
        return f"{len(self.calls)} HTTP writes, responses " + ", ".join(
            f"{status or 'none'}: {count}" for status, count in sorted(counts.items())
        )

    def forget(self) -> None:
        """Forget the responses: the database lost the transactions that they reported."""
        for write in self.writes:
            write.responses.clear()

    async def run(self) -> None:
        """Send until cancelled."""
        async with self._client() as client:
            await asyncio.gather(*(self._send(client) for _ in range(self._connections)))

    async def finish(self) -> None:
        """Repeat each write that is not decided yet until it is. Raises TimeoutError."""
        async with self._client() as client, asyncio.timeout(FINISH_SECONDS):
            open_calls = [call for call in self.calls if not any(map(is_final, call.write.responses))]
            slots = asyncio.Semaphore(self._connections)

            async def decide(call: Call) -> None:
                async with slots:
                    await self._until_decided(client, call, leaves=False)

            await asyncio.gather(*map(decide, open_calls))

    async def ask(self) -> None:
        """Ask for the state of each command that had a 202, after all is decided. Raises AssertionError."""
        service = next(service for service in self._run.living if answers(service))
        async with self._client() as client:
            for write in self.writes:
                places = [response.place for response in write.responses if response.place is not None]
                if places:
                    _, partition, offset = places[-1].rsplit(":", 2)
                    query = {"source": write.source, "id": write.key, "partition": partition, "offset": offset}
                    answer = await client.get(f"http://127.0.0.1:{service.api_port}/commands", params=query)
                    assert answer.status_code == 200, f"{query}: {answer.status_code} {answer.text}"
                    write.state = answer.json()["status"]

    def _client(self) -> httpx2.AsyncClient:
        headers = {"Authorization": f"Bearer {self._run.reader.token(SUBJECT, 'admin:write admin:read')}"}
        return httpx2.AsyncClient(headers=headers, timeout=ATTEMPT_SECONDS)

    async def _send(self, client: httpx2.AsyncClient) -> None:
        while True:
            call = self._next()
            await self._until_decided(client, call, leaves=True)
            if self._random.random() < REPEATED:
                await self._attempt(client, call)
            await asyncio.sleep(self._pause * 2 * self._random.random())

    async def _until_decided(self, client: httpx2.AsyncClient, call: Call, *, leaves: bool) -> None:
        failures = 0
        while True:
            response = await self._attempt(client, call)
            if response is None:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            if is_final(response) or response.status == 500:
                return
            if response.status == 202:
                if leaves and self._random.random() < LEFT:
                    return
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                failures += 1
                await asyncio.sleep(min(1.0, AGAIN_SECONDS * failures))

    async def _attempt(self, client: httpx2.AsyncClient, call: Call) -> Response | None:
        """Send the request to any service and keep its response; None if no service has the API."""
        services = [service for service in self._run.living if answers(service)]
        if not services:
            return None
        url = f"http://127.0.0.1:{self._random.choice(services).api_port}{call.path}"
        response = Response(0)
        try:
            answer = await client.request(call.method, url, json=call.body, headers=call.headers)
            response = _response(answer, self._run.topics.commands)
            if answer.status_code == 201 and call.path == CODES:
                self._created.append(answer.headers["location"].rpartition("/")[2])
        except httpx2.HTTPError:
            # The command may have been published.
            pass
        finally:
            # A request that is cancelled has no response, and may have an effect.
            call.write.responses.append(response)
        return response

    def _next(self) -> Call:
        random = self._random
        write = Write(http_source(SUBJECT), f"{SUBJECT}-{self._run.seed}-{len(self.calls)}")
        headers = {"Idempotency-Key": write.key, "Prefer": f"wait={random.choice((0, 1, 2, 5))}"}
        kind = random.random()
        if kind < 0.25:
            call = self._creation(write, headers)
        elif kind < 0.7:
            call = self._change(write, headers)
        else:
            call = self._association(write, headers)
        self.calls.append(call)
        return call

    def _creation(self, write: Write, headers: dict[str, str]) -> Call:
        attributes = self._attributes() | {
            "code": f"http-{self._random.randrange(STRINGS)}",
            "organization": {"id": self._random.choice(ORGANIZATIONS)},
            "roles": [{"id": self._random.choice(ROLES)}],
        }
        return Call(write, "POST", CODES, _enveloped(attributes), headers)

    def _change(self, write: Write, headers: dict[str, str]) -> Call:
        if self._random.random() < 0.2:
            headers["If-Match"] = f'"{self._random.randint(1, 5)}-0123456789abcdef"'
        path = f"{CODES}/{self._random.choice(self._created)}"
        return Call(write, "PATCH", path, _enveloped(self._attributes()), headers)

    def _association(self, write: Write, headers: dict[str, str]) -> Call:
        """Return a call that adds or removes a code of a group, so that others remove what was added."""
        home = self._random.choice(ORGANIZATIONS)
        path, code = f"/admin/v1/groups/{home}-group-selling/producer-codes", f"{home}-code-fixed"
        if self._random.random() < 0.5:
            return Call(write, "DELETE", f"{path}/{code}", None, headers)
        write.vanishes = True
        return Call(write, "POST", path, _enveloped({"producerCode": {"id": code}}), headers)

    def _attributes(self) -> dict[str, Any]:
        """Return attributes of a code, seldom wrong ones."""
        attributes: dict[str, Any] = {"description": f"text {self._random.randrange(10**6)}"}
        if self._random.random() < 0.05:
            attributes["colour"] = "green"
        if self._random.random() < 0.05:
            attributes["branch"] = {"id": "nowhere"}
        return attributes


def _enveloped(attributes: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"attributes": attributes}}


def _response(answer: httpx2.Response, topic: str) -> Response:
    tag, place, text = answer.headers.get("etag"), None, ""
    if answer.status_code == 202:
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        place = f"{topic}:{query['partition'][0]}:{query['offset'][0]}"
    elif answer.status_code >= 400:
        text = answer.json()["detail"]
    version = int(tag.strip('"').partition("-")[0]) if tag and answer.status_code < 300 else None
    return Response(answer.status_code, text, place, version, "idempotent-replayed" in answer.headers)
