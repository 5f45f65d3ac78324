"""Authentication: verification of bearer tokens (RFC 9068 style).

It fails closed: a token with a missing or invalid claim is rejected.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from sys import getsizeof
from typing import Any, Final
from unicodedata import normalize

import jwt
import orjson

from service import clock
from service.http.jwks import KeySet, KeysUnavailable
from service.http.problem import HttpProblem, forbidden, unauthorized, unavailable
from service.http.scope import SCOPES

SAFE_ALGORITHMS: Final = frozenset({"ES256", "RS256", "EdDSA"})
MAX_TOKEN_BYTES: Final = 8192
REMEMBERED_TOKENS: Final = 10_000
REMEMBERED_BYTES: Final = 8 * 1024 * 1024
"""The limit of the memory of all remembered tokens together."""

_FIXED_BYTES: Final = 600
"""The memory of a remembered token without its subject and organizations."""

# Later than any date; a comparison with it also rejects NaN.
_LAST_SECOND: Final = 1e12

_jws = jwt.PyJWS(algorithms=sorted(SAFE_ALGORITHMS))


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified caller; `organizations` None means all, `expires` is in seconds since the epoch."""

    subject: str
    scopes: frozenset[str]
    organizations: tuple[str, ...] | None
    expires: float

    def require(self, scope: str) -> None:
        """Raise a 403 unless the token has the scope."""
        if scope not in self.scopes:
            raise forbidden(scope)

    def memory_bytes(self) -> int:
        """Return about how much memory this takes."""
        organizations = self.organizations or ()
        texts = getsizeof(self.subject) + sum(map(getsizeof, organizations))
        return _FIXED_BYTES + texts + getsizeof(organizations)

    def sees(self, organization_id: str) -> bool:
        """Return whether the caller may see the data of the organization."""
        return self.organizations is None or organization_id in self.organizations


class Verifier:
    """Verifier of Authorization headers; verified tokens are cached until they expire."""

    def __init__(
        self,
        keys: KeySet,
        *,
        issuer: str,
        audience: str,
        algorithms: Collection[str] = SAFE_ALGORITHMS,
        leeway: float = 30.0,
        scope_claims: Sequence[str] = ("scope",),
        subject_claim: str = "sub",
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        unsafe = sorted(set(algorithms) - SAFE_ALGORITHMS)
        if unsafe or not algorithms or not issuer or not audience:
            raise ValueError(
                f"tokens cannot be verified safely: issuer or audience is empty, or unsafe algorithms: {unsafe}"
            )
        self.keys: Final = keys
        self._issuer = issuer
        self._audience = audience
        self._algorithms = frozenset(algorithms)
        self._leeway = leeway
        self._scope_claims = scope_claims
        self._subject_claim = subject_claim
        self._now = now
        # With the memory of each caller in bytes.
        self._known: OrderedDict[bytes, tuple[Caller, int]] = OrderedDict()
        self._known_bytes = 0
        self._generation = -1

    async def caller(self, authorization: Sequence[str]) -> Caller:
        """Return the caller of these Authorization headers. Raises HttpProblem (401, or 503 without keys)."""
        token = _token(authorization)
        now = self._now().timestamp()
        self.keys.keep_fresh()
        self._follow_keys()
        digest = sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is not None:
            if now < known[0].expires and self.keys.usable:
                return known[0]
            self._forget(digest)
        caller = self._checked(await self._claims(token), now)
        if now < caller.expires:
            self._remember(digest, caller)
        return caller

    def _remember(self, digest: bytes, caller: Caller) -> None:
        self._forget(digest)
        size = caller.memory_bytes()
        self._known[digest] = caller, size
        self._known_bytes += size
        while len(self._known) > REMEMBERED_TOKENS or self._known_bytes > REMEMBERED_BYTES:
            self._forget(next(iter(self._known)))

    def _forget(self, digest: bytes) -> None:
        if (known := self._known.pop(digest, None)) is not None:
            self._known_bytes -= known[1]

    def _follow_keys(self) -> None:
        if self._generation != self.keys.generation:
            # A key may have been withdrawn: discard all tokens verified so far.
            self._known.clear()
            self._known_bytes = 0
            self._generation = self.keys.generation

    async def _claims(self, token: str) -> dict[str, Any]:
        """Return the payload of a token with a valid signature."""
        try:
            # The payload and the signature of a long token take most of the time: they are decoded once, below.
            header = _jws.get_unverified_header(f"{token.partition('.')[0]}..")
            algorithm, key_id = header.get("alg"), header.get("kid")
            if not isinstance(algorithm, str) or algorithm not in self._algorithms:
                raise _refused("The signature algorithm is not accepted.")
            if not _is_access_token(header.get("typ")):
                raise _refused("The token is for another purpose.")
            key = await self.keys.key(key_id, algorithm)
            # From here, no await until the token is cached.
            self._follow_keys()
            if key is None:
                raise _refused("The key of the token is unknown.")
            payload = orjson.loads(_jws.decode_complete(token, key, algorithms=[algorithm])["payload"])
        except KeysUnavailable:
            raise unavailable("Tokens cannot be verified at the moment.", 5) from None
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise _refused("The token is malformed or its signature is invalid.") from None
        if not isinstance(payload, dict):
            raise _refused("The token has no claims.")
        return payload

    def _checked(self, claims: dict[str, Any], now: float) -> Caller:
        if claims.get("iss") != self._issuer:
            raise _refused("The token is from another issuer.")
        audience = claims.get("aud")
        if audience != self._audience and not (isinstance(audience, list) and self._audience in audience):
            raise _refused("The token is for another audience.")
        expires = _moment(claims, "exp")
        if expires is None or now >= expires + self._leeway:
            raise _refused("The token has expired.")
        for name in ("nbf", "iat"):
            begins = _moment(claims, name)
            if begins is not None and now < begins - self._leeway:
                raise _refused("The token is not valid yet.")
        subject = _claim(claims, self._subject_claim)
        if isinstance(subject, str) and not subject.isascii():
            # Usernames are stored in this form.
            subject = normalize("NFC", subject)
        if not isinstance(subject, str) or not subject or len(subject) > 255 or "\0" in subject:
            raise _refused(f"The token has no valid claim {self._subject_claim}.")
        # A token may name thousands of scopes of other services.
        given = (_scopes(_claim(claims, name)) for name in self._scope_claims)
        scopes = frozenset(scope for scopes in given for scope in SCOPES if scope in scopes)
        return Caller(subject, scopes, _organizations(claims), expires)


def _token(authorization: Sequence[str]) -> str:
    if not authorization:
        raise unauthorized("A bearer token is required.", invalid_token=False)
    scheme, _, token = authorization[0].partition(" ")
    token = token.strip()
    if len(authorization) > 1 or scheme.lower() != "bearer" or not token or not token.isascii():
        raise unauthorized("A bearer token is required.", invalid_token=False)
    if len(token) > MAX_TOKEN_BYTES:
        raise _refused("The token is too long.")
    return token


def _is_access_token(type_: object) -> bool:
    """Return whether the header `typ` is absent or that of an access token (RFC 7519, RFC 9068)."""
    if type_ is None:
        return True
    return isinstance(type_, str) and type_.lower().removeprefix("application/") in {"jwt", "at+jwt"}


def _claim(claims: dict[str, Any], name: str) -> object:
    """Return a claim by its name, or by a path such as `realm_access.roles`. Names of claims may contain dots."""
    if name in claims:
        return claims[name]
    outer, _, rest = name.partition(".")
    inner = claims.get(outer)
    return _claim(inner, rest) if rest and isinstance(inner, dict) else None


def _scopes(claim: object) -> list[str]:
    """Return the scopes in a claim: identity providers write a text with spaces, or an array."""
    if isinstance(claim, str):
        return claim.split()
    return [item for item in claim if isinstance(item, str)] if isinstance(claim, list) else []


def _moment(claims: dict[str, Any], name: str) -> float | None:
    """Return the claim in seconds since the epoch, or None when it is missing."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_LAST_SECOND < value < _LAST_SECOND:
        raise _refused(f"The claim {name} is malformed.")
    return float(value)


def _organizations(claims: dict[str, Any]) -> tuple[str, ...] | None:
    if "organizations" not in claims:
        return None
    value = claims["organizations"]
    if not isinstance(value, list) or not all(isinstance(item, str) and "\0" not in item for item in value):
        raise _refused("The claim organizations is malformed.")
    return tuple(dict.fromkeys(value))


def _refused(message: str) -> HttpProblem:
    return unauthorized(message, invalid_token=True)
