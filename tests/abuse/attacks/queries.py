"""Requests that cost much: random paths, unknown parameters, filters without an index, and deep pages."""

import asyncio
import json
import random
from collections.abc import Iterator
from functools import partial
from urllib.parse import quote

import asyncpg

from tests.abuse.client import ask, connected, first, request
from tests.abuse.target import Got, Target, workers

METHODS = (
    "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "COPY", "LOCK", "MKCOL", "MOVE", "PROPFIND",
    "PROPPATCH", "SEARCH", "UNLOCK", "BIND", "REBIND", "UNBIND", "ACL", "REPORT", "MKACTIVITY", "CHECKOUT", "MERGE",
    "M-SEARCH", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "PURGE", "MKCALENDAR", "LINK", "UNLINK",
)  # fmt: skip
"""The methods that the parser knows, except HEAD and CONNECT, whose responses have no body."""

PATHS = (
    "/account/v1/producer-codes",
    "/admin/v1/producer-codes",
    "/admin/v1/producer-codes/{}",
    "/admin/v1/organizations/{}",
    "/admin/v1/organizations/{}/producer-codes",
    "/admin/v1/users/{}/producer-codes",
    "/admin/v1/groups/{}/producer-codes",
    "/admin/v1/roles/{}",
    "/groups",
    "/groups/{}",
    "/producers",
    "/producers/{}",
    "/openapi.json",
    "/schemas/{}",
    "/{}",
    "/{}/{}",
)
MOST_METRICS_BYTES = 150_000
"""How much /metrics may grow: 2 KB for each route that answers GET and HEAD, and for each status of other methods."""

MOST_PROBLEM_BYTES = 20_000
ERRORS = 20
UNKNOWN_PARAMETERS = 3_000

READERS = 20
PATIENT_SECONDS = 15.0
HASTY_SECONDS = 0.5
FILTERS = 20
DEEP = 10_000
"""The largest offset with a sort other than `code`."""

ACTIVE = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active'
  AND backend_type IN ('client backend', 'parallel worker') AND now() - query_start > make_interval(secs => $1)
"""


async def random_routes(target: Target) -> Got:
    """Send 20,000 requests without a token with random methods and paths."""
    got, chance = Got(), random.Random(5)
    before = await _metrics_bytes(target)

    def requests() -> Iterator[bytes]:
        for _ in target.turns(20_000, 500):
            path = chance.choice(PATHS).replace("{}", f"{chance.getrandbits(64):x}")
            yield request(path, method=chance.choice(METHODS))

    await ask(target.port, requests(), 2, got.counts)
    after = await _metrics_bytes(target)
    got.remarks.append(f"/metrics: {before / 1000:.0f} KB before, {after / 1000:.0f} KB after")
    got.expect(after - before <= MOST_METRICS_BYTES, f"/metrics grows by {(after - before) / 1000:.0f} KB")
    return got


async def _metrics_bytes(target: Target) -> int:
    answer = await first(target.admin_port, request("/metrics"))
    return sum(len(response.body) for response in answer.responses)


async def unknown_parameters(target: Target) -> Got:
    """Send requests with 3,000 unknown parameters."""
    got = Got()
    query = "&".join(f"{number:x}" for number in range(UNKNOWN_PARAMETERS))
    data = request(f"/account/v1/producer-codes?{query}", token=target.token())
    last = await ask(target.port, (data for _ in target.turns(2_000, 5)), 2, got.counts)
    got.expect_only("400")
    if last is not None:
        got.remarks.append(f"{len(last.body) / 1000:.1f} KB per response")
        got.expect(len(last.body) <= MOST_PROBLEM_BYTES, f"{len(last.body) / 1000:.0f} KB per response")
        capped(got, json.loads(last.body), UNKNOWN_PARAMETERS)
    return got


def capped(got: Got, problem: dict[str, object], errors: int) -> None:
    """Expect the first 20 of so many errors, and the number of the others."""
    listed, more = problem["errors"], problem.get("more")
    assert isinstance(listed, list)
    got.expect(
        len(listed) == ERRORS and more == errors - ERRORS, f"{len(listed):,} errors, `more` is {json.dumps(more)}"
    )


async def expensive(target: Target) -> Got:
    """Send 20 concurrent requests that no index serves, of which half end their connection before the response."""
    got, token = Got(), target.token(scope="admin:read")
    session = await asyncpg.connect(target.database_url, timeout=10)
    try:
        over = asyncio.Event()
        most = asyncio.create_task(_most_active(session, over))
        turns = target.turns(100_000, 200)
        async with asyncio.TaskGroup() as readers:
            for seconds in (PATIENT_SECONDS, HASTY_SECONDS):
                read = partial(_read, target, token, seconds, got)
                readers.create_task(workers(read, turns, READERS // 2))
        over.set()
        got.remarks.append(f"at most {await most} active processes of the database")
        await asyncio.sleep(1.0)
        left = await session.fetchval(ACTIVE, 1.0)
    finally:
        await session.close()
    got.remarks.append(f"{left} left after the end")
    got.expect(not left, f"{left} statements continue after their callers disconnected")
    return got


async def _read(target: Target, token: str, seconds: float, got: Got, number: int) -> None:
    try:
        async with connected(target.port) as connection:
            await connection.send(request(f"/admin/v1/producer-codes?{_query(number)}", token=token))
            got.counts[str((await connection.response(seconds)).status)] += 1
    except TimeoutError:
        got.counts["disconnected"] += 1
    except OSError:
        got.counts["closed"] += 1
        # Do not connect without end while the server refuses.
        await asyncio.sleep(0.05)


def _query(number: int) -> str:
    """Return one of three queries that cost much: the number prevents that equal ones are run once."""
    match number % 3:
        case 0:
            matching = [f"filter=description:cn:{quote(text)}" for text in ("Code", "ode", "number", "er ", "um")]
            last = f"filter=description:cn:none-{number}"
            return "&".join([*(matching * 4)[: FILTERS - 1], last])
        case 1:
            return f"sort=-description,code&pageOffset={DEEP - number % 100}&pageSize=100&includeTotal=true"
        case _:
            return f"sort=-description,code&pageOffset={150_000 + number % 100}&pageSize=100&includeTotal=true"


async def _most_active(session: "asyncpg.Connection[asyncpg.Record]", over: asyncio.Event) -> int:
    most = 0
    while not over.is_set():
        most = max(most, await session.fetchval(ACTIVE, 0.0))
        await asyncio.sleep(0.25)
    return most


async def deep_offsets(target: Target) -> Got:
    """Request the last pages in the order of `code`, whose offset is not limited."""
    got, token, last = Got(), target.token(scope="admin:read"), target.codes - 100

    def requests() -> Iterator[bytes]:
        for number in target.turns(2_000, 20):
            path = f"/admin/v1/producer-codes?sort=code&pageOffset={last - number}&pageSize=100"
            yield request(path, token=token)

    await ask(target.port, requests(), 1, got.counts)
    got.expect_only("200")
    return got
