"""Requests that do not end: a header value, a URL, a list of headers, and bodies without a token."""

import asyncio
import itertools
import time

from tests.abuse.client import CLOSED, HOST, OPEN, RESET, pour
from tests.abuse.target import Got, Target

MEGABYTE = 1_000_000
PIECE = 16_384
FEW = 8
PAUSE_SECONDS = 0.0035
"""Together about 4 MB/s. Small pieces cost more, if the server appends each one to what it has."""

CHUNK = 65_536

RECONNECT_SECONDS = 0.05
LINE = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n".encode()


async def header_value(target: Target) -> Got:
    """Send one header value of 60 MB."""
    return await _endless(target, LINE + b"X-Long: ", b"v" * PIECE, "431")


async def url(target: Target) -> Got:
    """Send one URL of 60 MB."""
    return await _endless(target, b"GET /", b"u" * PIECE, "414")


async def header_list(target: Target) -> Got:
    """Send small headers of 60 MB together."""
    return await _endless(target, LINE, b"a: b\r\n" * (PIECE // 6), "431")


async def _endless(target: Target, begin: bytes, piece: bytes, status: str) -> Got:
    """Send the piece again and again, on a new connection when the server closes one."""
    got, sent, total = Got(), 0, target.count(60, 2) * MEGABYTE
    end = time.monotonic() + target.seconds
    # A request that is not longer than a few pieces may still be within the limits.
    while (pieces := (total - sent) // PIECE) >= FEW and time.monotonic() < end:
        exchange, count = await pour(target.port, begin, itertools.repeat(piece, pieces), PAUSE_SECONDS)
        got.counts[exchange.result] += 1
        sent += count + len(begin)
        await asyncio.sleep(RECONNECT_SECONDS)
    got.remarks.append(f"{sent / MEGABYTE:,.0f} MB sent")
    # A response is lost when the server closes the connection while more data is on its way.
    got.expect_only(f"{status} {CLOSED}", f"{status} {RESET}", RESET)
    return got


async def chunked_bodies(target: Target) -> Got:
    """Send three chunked bodies of 300 MB without a token at the same time, as fast as the server reads them."""
    total = target.count(300, 20) * MEGABYTE
    begin = f"POST /account/v1/producer-codes HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    piece = b"%x\r\n" % CHUNK + b"b" * CHUNK + b"\r\n"
    got, sent = Got(), 0

    async def body() -> None:
        nonlocal sent
        exchange, count = await pour(target.port, begin, itertools.repeat(piece, total // len(piece)))
        got.counts[exchange.result] += 1
        sent += count

    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(body())
    got.remarks.append(f"{sent / MEGABYTE:,.0f} of {3 * total / MEGABYTE:,.0f} MB sent")
    stays_open = [result for result in got.counts if result.endswith(OPEN)]
    got.expect(not stays_open, f"{', '.join(stays_open)}: the body is read after the response")
    return got
