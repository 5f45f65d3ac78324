"""Requests that a proxy and a server may read differently: one of them sees two requests. And too many headers."""

from tests.abuse.client import CLOSED, HOST, RESET, exchange, request
from tests.abuse.target import Got, Target, paced

HTTP = f" HTTP/1.1\r\nHost: {HOST}\r\n".encode()
POST = b"POST /account/v1/producer-codes" + HTTP
GET = b"GET /livez" + HTTP
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
EMPTY = b"\r\n0\r\n\r\n"
SMUGGLED = b"GET /smuggled" + HTTP + b"\r\n"

SMUGGLING = {
    "length and chunks": CHUNKED + b"Content-Length: 4\r\n" + EMPTY,
    "chunks and length": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n" + EMPTY,
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
    "the same length twice": POST + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "a list of lengths": POST + b"Content-Length: 0, 5\r\n\r\n",
    "a length with a sign": POST + b"Content-Length: +0\r\n\r\n",
    "a hexadecimal length": POST + b"Content-Length: 0x0\r\n\r\n",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "an empty length": POST + b"Content-Length: \r\n\r\n",
    "a length beyond 64 bits": POST + b"Content-Length: 99999999999999999999\r\n\r\n",
    "an unknown encoding": POST + b"Transfer-Encoding: xchunked\r\n" + EMPTY,
    "identity": POST + b"Transfer-Encoding: identity\r\n\r\n",
    "chunked is not last": POST + b"Transfer-Encoding: chunked, identity\r\n" + EMPTY,
    "two encodings": CHUNKED + b"Transfer-Encoding: identity\r\n" + EMPTY,
    "a vertical tab before chunked": POST + b"Transfer-Encoding: \x0bchunked\r\n" + EMPTY,
    "a space before the colon": POST + b"Transfer-Encoding : chunked\r\n" + EMPTY,
    "a folded encoding": POST + b"Transfer-Encoding:\r\n chunked\r\n" + EMPTY,
    "a folded header": GET + b"X: a\r\n b\r\n\r\n",
    "a space before the first header": b"GET /livez HTTP/1.1\r\n Host: x\r\n\r\n",
    "a bare CR": GET + b"X: a\rb\r\n\r\n",
    "a bare LF": GET + b"X: a\nContent-Length: 5\r\n\r\n",
    "only bare LF": b"GET /livez HTTP/1.1\nHost: x\n\n",
    "NUL": GET + b"X: a\0b\r\n\r\n",
    "a header without a colon": GET + b"Content-Length\r\n\r\n",
    "a header without a name": GET + b": 5\r\n\r\n",
    "a hexadecimal prefix in a chunk": CHUNKED + b"\r\n0x0\r\n\r\n",
    "a negative chunk": CHUNKED + b"\r\n-1\r\n\r\n",
    "a space after the length of a chunk": CHUNKED + b"\r\n0 \r\n\r\n",
    "a bare LF after the length of a chunk": CHUNKED + b"\r\n0\n\n",
    "a bare LF in an extension of a chunk": CHUNKED + b"\r\n1;a\nX\r\n0\r\n\r\n",
    "a chunk that is longer than its length": CHUNKED + b"\r\n1\r\nXX\r\n0\r\n\r\n",
}
"""Each is followed by a request that must not be answered."""

ONE_RESPONSE = {
    "chunks in HTTP/1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" + EMPTY,
    "a request after the last one": GET + b"Connection: close\r\n\r\n",
    "a request in a body": GET + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED),
}
"""These are valid; the request that follows is no request."""


async def smuggling(target: Target) -> Got:
    """Send a second request within a request that others may take for two: it gets no response."""
    got = Got()
    cases = list((SMUGGLING | ONE_RESPONSE).items())
    async for number in paced(target.turns(200, len(cases)), target.count(20, 200)):
        name, data = cases[number % len(cases)]
        # The server has to close the connection; only a valid request leaves it open, and then this time passes.
        answer = await exchange(target.port, data + SMUGGLED, seconds=5.0 if name in SMUGGLING else 1.0)
        statuses = [response.status for response in answer.responses]
        got.counts[answer.result] += 1
        fits = statuses == [400] and answer.end == CLOSED if name in SMUGGLING else len(statuses) == 1
        got.expect(fits, f"{name}: {answer.result}")
    got.unexpected = list(dict.fromkeys(got.unexpected))
    return got


async def many_headers(target: Target) -> Got:
    """Send requests with 1,000 and with 20,000 small headers."""
    got = Got()
    cases = [request("/livez", *[f"h{number}: 1" for number in range(count)]) for count in (1_000, 20_000)]
    async for number in paced(target.turns(100, 6), 20):
        answer = await exchange(target.port, cases[number % 2])
        got.counts[answer.result] += 1
    # A response is lost when the server closes the connection while more data is on its way.
    got.expect_only(f"431 {CLOSED}", f"431 {RESET}", RESET)
    return got
