"""Senders over HTTP: they send every kind of write during a run, and repeat with the same key after failures."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx2

from service.contract.http_source import http_source
from tests.chaos.http_request import WriteRequest, WriteRequests
from tests.chaos.reader import answers
from tests.support.checker.evidence import Response, Write
from tests.support.checker.write import SUCCESSES, is_final

if TYPE_CHECKING:
    from tests.chaos.run import Run

SUBJECT = "writer"
CONNECTIONS = 4
PAUSE_SECONDS = 0.15
AGAIN_SECONDS = 0.1
ATTEMPT_SECONDS = 15.0
FINISH_SECONDS = 120.0
REPEATED, LEFT = 0.15, 0.3
"""The shares of decided writes that are repeated, and of 202 responses after which the sender goes on."""


@dataclass(slots=True)
class Call:
    """A write with its request, which is the same in each attempt."""

    write: Write
    request: WriteRequest
    headers: dict[str, str]


class HttpSender:
    """Sends writes to the running services in random order; `calls` has all of them."""

    def __init__(self, run: "Run", connections: int = CONNECTIONS, pause: float = PAUSE_SECONDS) -> None:
        self._run = run
        self._random = Random(f"{run.seed}/http")
        self._connections = connections
        self._pause = pause
        self._requests = WriteRequests(self._random)
        self.calls: list[Call] = []

    @property
    def writes(self) -> list[Write]:
        """The keys and the responses to them."""
        return [call.write for call in self.calls]

    def description(self) -> str:
        """Return the number of responses of each status, and of successes of each method, as text."""
        counts = Counter(response.status for write in self.writes for response in write.responses)
        successes = Counter(
            call.request.method
            for call in self.calls
            if any(response.status in SUCCESSES for response in call.write.responses)
        )
        responses = ", ".join(f"{status or 'none'}: {count}" for status, count in sorted(counts.items()))
        succeeded = ", ".join(f"{method} {count}" for method, count in sorted(successes.items()))
        return f"{len(self.calls)} HTTP writes, responses {responses}, successful {succeeded or 'none'}"

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
        url = f"http://127.0.0.1:{self._random.choice(services).api_port}{call.request.path}"
        response = Response(0)
        try:
            answer = await client.request(call.request.method, url, json=call.request.body, headers=call.headers)
            response = _response(answer, self._run.topics.commands)
            if answer.status_code == 201:
                self._requests.created(call.request, answer.headers["location"])
        except httpx2.HTTPError:
            # The command may have been published.
            pass
        finally:
            # A request that is cancelled has no response, and may have an effect.
            call.write.responses.append(response)
        return response

    def _next(self) -> Call:
        request = self._requests.draw()
        key = f"{SUBJECT}-{self._run.seed}-{len(self.calls)}"
        wait = self._random.choice((0, 1, 2, 5))
        call = Call(
            Write(http_source(SUBJECT), key, vanishes=request.vanishes),
            request,
            {"Idempotency-Key": key, "Prefer": f"wait={wait}", **request.headers},
        )
        self.calls.append(call)
        return call


def _response(answer: httpx2.Response, topic: str) -> Response:
    tag, place, text = answer.headers.get("etag"), None, ""
    if answer.status_code == 202:
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        place = f"{topic}:{query['partition'][0]}:{query['offset'][0]}"
    elif answer.status_code >= 400:
        text = answer.json()["detail"]
    version = int(tag.strip('"').partition("-")[0]) if tag and answer.status_code < 300 else None
    return Response(answer.status_code, text, place, version, "idempotent-replayed" in answer.headers)
