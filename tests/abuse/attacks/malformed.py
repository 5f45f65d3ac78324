"""Requests that are not HTTP, offer another protocol, or break a rule that parsers often leave to the application."""

from pathlib import Path

from tests.abuse.client import CLOSED, HOST, OPEN, exchange, first, request
from tests.abuse.target import Got, Target, paced, workers

HTTP = f" HTTP/1.1\r\nHost: {HOST}\r\n".encode()
MOST_LOG_LINES = 20
PROBLEM = "application/problem+json"

MALFORMED = (
    b"nonsense\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /\xff" + HTTP + b"\r\n",
    b"GET /" + HTTP + b"no colon\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 32,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
)
"""The last two are the first bytes of TLS and of HTTP/2 with prior knowledge."""

UPGRADES = (("websocket", "Upgrade"), ("h2c", "Upgrade, HTTP2-Settings"), ("TLS/1.0", "Upgrade"))


async def malformed(target: Target) -> Got:
    """Send 5,000 requests that are malformed or offer another protocol, each on a new connection."""
    got, before = Got(), _log_lines(target)
    path = "/livez" if target.is_admin else "/openapi.json"
    offers = [request(path, f"Upgrade: {to}", f"Connection: {how}") for to, how in UPGRADES]

    async def offer(number: int) -> None:
        if number % 2:
            answer = await exchange(target.port, MALFORMED[number // 2 % len(MALFORMED)])
        else:
            answer = await first(target.port, offers[number // 2 % len(offers)])
        got.counts[answer.result] += 1

    await workers(offer, target.turns(5_000, 200), 2)
    lines = _log_lines(target) - before
    got.remarks.append(f"{lines} log lines")
    got.expect_only(f"400 {CLOSED}", f"200 {OPEN}")
    got.expect(lines <= MOST_LOG_LINES, f"{lines} log lines")
    return got


def _log_lines(target: Target) -> int:
    return Path(target.log).read_bytes().count(b"\n")


async def strict(target: Target) -> Got:
    """Send requests that look valid: without Host, with two, with an encoded slash, and with too long a URL."""
    long_url = "/" + "u" * 40_000
    cases = [
        (b"GET /livez HTTP/1.1\r\n\r\n", 400),
        (request("/livez", "Host: other.example"), 400),
        (request(long_url), 414),
    ]
    if not target.is_admin:
        cases += [
            (request("/admin%2Fv1/producer-codes", token=target.token(scope="admin:read")), 404),
            (request("/groups/%2fetc", token=target.token(scope="admin:read")), 404),
            (request(f"/groups?type={'q' * 17_000}"), 414),
            (request("/groups/ü"), 400),
        ]
    got = Got()

    async def check(number: int) -> None:
        data, status = cases[number % len(cases)]
        answer = await first(target.port, data)
        got.counts[answer.result.partition(" ")[0]] += 1
        line = data.partition(b" HTTP")[0][:40].decode("latin-1")
        if [response.status for response in answer.responses] != [status]:
            got.expect(False, f"{line}: {answer.result} instead of {status}")
            return
        headers = answer.responses[0].headers
        got.expect(headers.get("content-type") == PROBLEM, f"{line}: {headers.get('content-type')}")
        got.expect("x-request-id" in headers, f"{line}: no X-Request-Id")

    async for number in paced(target.turns(100, len(cases)), 20):
        await check(number)
    got.unexpected = list(dict.fromkeys(got.unexpected))
    return got
