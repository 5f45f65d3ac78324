"""Verified tokens are remembered until they expire, within a limit of number and memory."""

import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.http.caller import REMEMBERED_BYTES, REMEMBERED_TOKENS, Verifier
from service.http.jwks import KeySet
from service.http.problem import HttpProblem
from tests.support import issuer
from tests.support.issuer import Issuer
from tests.unit.http.api_client import verifier


async def test_verified_token_is_cached_until_it_expires(trusted: Issuer) -> None:
    now = datetime.now(UTC)
    reads = 0

    def read(_: str) -> bytes:
        nonlocal reads
        reads += 1
        return trusted.jwks()

    clock = [now]
    checking = Verifier(
        KeySet("memory", ["ES256"], read=read), issuer=issuer.NAME, audience=issuer.AUDIENCE, now=lambda: clock[0]
    )
    header = [f"Bearer {trusted.token()}"]
    first = await checking.caller(header)
    assert await checking.caller(header) is first
    clock[0] = now + timedelta(seconds=700)
    with pytest.raises(HttpProblem) as refused:
        await checking.caller(header)
    assert refused.value.status == 401
    assert reads == 1


async def test_token_cache_is_bounded(trusted: Issuer) -> None:
    checking = verifier(trusted)
    caller = await checking.caller([f"Bearer {trusted.token()}"])
    for number in range(1, REMEMBERED_TOKENS):
        checking._remember(str(number).encode(), caller)
    await checking.caller([f"Bearer {trusted.token(sub='other')}"])
    assert len(checking._known) == REMEMBERED_TOKENS


@pytest.mark.parametrize(
    "claims",
    [
        {"scope": " ".join(f"{number:03x}" for number in range(1_400))},
        {"organizations": [f"{number:x}" for number in range(800)]},
        {"organizations": [f"{number}" * 900 for number in range(5)]},
        {},
    ],
    ids=["scopes", "organizations", "long organizations", "nothing"],
)
async def test_token_cache_is_bounded_by_memory_whatever_tokens_have(trusted: Issuer, claims: dict[str, Any]) -> None:
    checking = verifier(trusted)
    tokens = [trusted.token(**claims, sub=f"{number}" * 40) for number in range(200)]
    tracemalloc.start()
    try:
        for token in tokens:
            await checking.caller([f"Bearer {token}"])
        memory = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert memory <= 1.2 * checking._known_bytes + 100_000
    assert sum(size for _, size in checking._known.values()) == checking._known_bytes


async def test_the_oldest_tokens_are_forgotten_when_they_take_too_much_memory(trusted: Issuer) -> None:
    checking = verifier(trusted)
    caller = await checking.caller([f"Bearer {trusted.token(organizations=[str(n) for n in range(200)])}"])
    for number in range(5000):
        checking._remember(str(number % 4000).encode(), caller)
    assert sum(size for _, size in checking._known.values()) == checking._known_bytes
    assert REMEMBERED_BYTES - caller.memory_bytes() < checking._known_bytes <= REMEMBERED_BYTES
    first = [f"Bearer {trusted.token()}"]
    assert await checking.caller(first) is await checking.caller(first), "the newest token is remembered"
