"""Tokens: unknown keys while the issuer is slow, long tokens, bad signatures, and odd claims."""

import asyncio
import base64
import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

import jwt

from service.http.jwks import UNKNOWN_KEY_SECONDS
from tests.abuse.client import ask, connected, request
from tests.abuse.target import Got, Target, workers
from tests.support.issuer import Issuer

PATH = "/account/v1/producer-codes"
FORBIDDEN = "/groups"
"""A token without admin:read is verified and remembered, and no statement is run."""

CONNECTIONS = 2
WAITING = 100
"""Concurrent requests; more than the service processes at the same time."""

SCOPES = 1_400
"""Different scopes of a token of about 8 KB."""


async def prepare_unknown_keys(target: Target) -> Got:
    """Wait until the service would read its keys again for an unknown one."""
    await asyncio.sleep(target.count(1, 0) * (UNKNOWN_KEY_SECONDS + 1))
    return Got()


async def unknown_keys(target: Target) -> Got:
    """Send 100 concurrent requests with tokens of unknown keys, while the issuer sends its keys very slowly."""
    got = Got()
    issuer = target.issuer()

    async def ask_once(number: int) -> None:
        token = issuer.token(kid=f"unknown-{number}", key=issuer.keys["ec"])
        try:
            async with connected(target.port) as connection:
                await connection.send(request(PATH, token=token, close=True))
                got.counts[str((await connection.response()).status)] += 1
        except TimeoutError:
            got.counts["time-out"] += 1
        except OSError:
            got.counts["closed"] += 1

    await workers(ask_once, target.turns(5_000, 150), WAITING)
    got.expect_only("401", "503")
    return got


async def long_tokens(target: Target) -> Got:
    """Send 10,000 different valid tokens of 8 KB with many scopes."""
    got, issuer = Got(), target.issuer()
    scopes = " ".join(f"{number:03x}" for number in range(SCOPES))
    length = 0

    def requests() -> Iterator[bytes]:
        nonlocal length
        for number in target.turns(10_000, 1_000):
            token = issuer.token(sub=target.caller, scope=f"account:read {scopes}", jti=str(number))
            length = len(token)
            yield request(FORBIDDEN, token=token)

    await ask(target.port, requests(), CONNECTIONS, got.counts)
    got.remarks.append(f"{length:,} bytes per token")
    got.expect_only("403")
    return got


async def bad_signatures(target: Target) -> Got:
    """Send tokens with a known key and a wrong signature, each different."""
    got = Got()
    signed = target.token().rpartition(".")[0]

    def requests() -> Iterator[bytes]:
        for _ in target.turns(10_000, 300):
            yield request(PATH, token=f"{signed}.{_base64(secrets.token_bytes(64))}")

    await ask(target.port, requests(), CONNECTIONS, got.counts)
    got.expect_only("401")
    return got


async def odd_tokens(target: Target) -> Got:
    """Send tokens with unknown keys, without a signature, with odd headers, and with odd claims."""
    got, tokens = Got(), _odd(target)

    def requests() -> Iterator[bytes]:
        for number in target.turns(10_000, 300):
            yield request(PATH, token=tokens[number % len(tokens)])

    await ask(target.port, requests(), CONNECTIONS, got.counts)
    got.expect_only("401")
    return got


def _odd(target: Target) -> list[str]:
    issuer = target.issuer()
    claims = issuer.claims(sub=target.caller)
    now = int(time.time())
    times: list[Any] = ["soon", True, None, [], {}, float("inf"), float("nan"), 10**400, -1]
    subjects: list[Any] = ["", 7, None, ["a"], {"a": 1}, "s" * 300, "a\0b"]
    odd_claims: list[dict[str, Any]] = [{"exp": time} for time in times]
    odd_claims += [{"sub": subject} for subject in subjects]
    odd_claims += [{"iss": "https://other.example"}, {"iss": [claims["iss"]]}, {"aud": "other"}, {"aud": {}}]
    odd_claims += [{"nbf": now + 3600}, {"iat": now + 3600}, {"organizations": "all"}, {"organizations": [1]}]
    tokens = [_signed(issuer, {**claims, **change}) for change in odd_claims]
    tokens += [_signed(issuer, claims, **change) for change in ({"kid": "unknown"}, {"kid": 7}, {"typ": "refresh"})]
    tokens += [_signed(issuer, claims, alg=alg) for alg in ("none", "HS256", "ES512", "", None, 7)]
    nested = b'{"a":' * 1_000 + b"1" + b"}" * 1_000
    tokens += [_signed(issuer, raw) for raw in (nested, b"[]", b"null", b"not JSON", b"\xff")]
    return [*tokens, "a.b.c", "..", ".", f"{_base64(b'{}')}..", "t" * 8_000]


def _signed(issuer: Issuer, payload: dict[str, Any] | bytes, **header: Any) -> str:
    """Return a token with a signature of the known key over any header and payload."""
    head = {"alg": "ES256", "kid": "ec", "typ": "at+jwt", **header}
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    text = f"{_base64(json.dumps(head).encode())}.{_base64(body)}"
    if head["alg"] == "none":
        return f"{text}."
    algorithm = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256)
    return f"{text}.{_base64(algorithm.sign(text.encode(), issuer.keys['ec']))}"  # type: ignore[arg-type]


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
