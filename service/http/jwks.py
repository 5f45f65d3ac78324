"""The public keys that tokens are checked with: a JWKS file or URL, kept and refreshed."""

import asyncio
import http.client
import time
import urllib.request
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

import jwt
import orjson

from service.telemetry import log

UNKNOWN_KEY_SECONDS: Final = 60.0
"""At most so often does an unknown key id lead to a refresh."""

AGE_SECONDS: Final = 600.0
"""Older keys are fetched again beside the requests, so that a withdrawn key is noticed."""

FIRST_SECONDS: Final = 1.0
MOST_SECONDS: Final = 10.0
"""While there are no keys at all, they are asked for after the first of these waits, then after twice as long each time
up to the second.
"""

FETCH_SECONDS: Final = 5.0
MAX_BYTES: Final = 1 << 20
MIN_RSA_BITS: Final = 2048

_log = log(__name__)


class KeysUnavailable(Exception):
    """No keys could be read yet, so no token can be checked."""


class KeySet:
    """The keys of a JWKS by key id and algorithm; `source` is a file's path or an http(s) URL.

    Only signature keys of the `algorithms` count: ES256, RS256, EdDSA. `read` and `now` (seconds) are for tests.
    """

    def __init__(
        self,
        source: str,
        algorithms: Collection[str],
        *,
        read: Callable[[str], bytes] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.generation = 0
        """Rises when the keys change."""
        self._source = source
        self._algorithms = frozenset(algorithms)
        self._read = read or read_source
        self._now = now
        self._keys: dict[tuple[str | None, str], jwt.PyJWK] = {}
        self._raw = b""
        self._tried: float | None = None
        self._failures = 0
        self._refreshing: asyncio.Task[None] | None = None

    async def key(self, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        """The key with this id for this algorithm; without an id, the only key for the algorithm.

        Raises KeysUnavailable when there are no keys at all.
        """
        if not self._raw:
            await self._refresh(min(MOST_SECONDS, FIRST_SECONDS * 2.0 ** min(self._failures - 1, 32)))
            if not self._raw:
                raise KeysUnavailable
        found = self._find(key_id, algorithm)
        if found is None:
            await self._refresh(UNKNOWN_KEY_SECONDS)
            found = self._find(key_id, algorithm)
        return found

    def keep_fresh(self) -> None:
        """Begin to fetch keys that grew old; nobody waits for it."""
        if self._raw and self._refreshing is None and self._due(AGE_SECONDS):
            self._refreshing = self._start()

    def _find(self, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        if key_id is not None:
            return self._keys.get((key_id, algorithm))
        fitting = [key for (_, name), key in self._keys.items() if name == algorithm]
        return fitting[0] if len(fitting) == 1 else None

    def _due(self, seconds: float) -> bool:
        return self._tried is None or self._now() - self._tried >= seconds

    def _start(self) -> asyncio.Task[None]:
        self._tried = self._now()
        task = asyncio.create_task(self._fetch())
        task.add_done_callback(self._forget)
        return task

    def _forget(self, _: asyncio.Task[None]) -> None:
        self._refreshing = None

    async def _refresh(self, seconds: float) -> None:
        """Fetch once for all who wait, unless that was done less than so many seconds ago."""
        running = self._refreshing
        if running is None:
            if not self._due(seconds):
                return
            running = self._refreshing = self._start()
        # A request that gives up must not take the fetch from the others.
        await asyncio.shield(running)

    async def _fetch(self) -> None:
        try:
            raw = await asyncio.to_thread(self._read, self._source)
            keys = parse_keys(raw, self._algorithms)
        except (OSError, ValueError, http.client.HTTPException) as error:
            self._failures += 1
            if self._failures == 1:
                _log.warning("the keys of the token issuer could not be read", source=self._source, error=str(error))
            return
        if self._failures:
            self._failures = 0
            _log.info("the keys of the token issuer can be read again", source=self._source)
        if raw != self._raw:
            self._raw = raw
            self._keys = keys
            self.generation += 1


def read_source(source: str) -> bytes:
    """Read a JWKS file or URL; raises OSError (urllib's errors are), ValueError or HTTPException."""
    if not source.startswith(("http://", "https://")):
        return Path(source).read_bytes()
    with urllib.request.urlopen(source, timeout=FETCH_SECONDS) as answer:  # noqa: S310  # the scheme is checked above
        raw: bytes = answer.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise ValueError("the key set is too large")
    return raw


def parse_keys(raw: bytes, algorithms: Collection[str]) -> dict[tuple[str | None, str], jwt.PyJWK]:
    """The usable keys of a JWKS by key id and algorithm, public parts only; raises ValueError when it is not one."""
    document = orjson.loads(raw)
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("not a JWKS: no list of keys")
    keys: dict[tuple[str | None, str], jwt.PyJWK] = {}
    for entry in document["keys"]:
        key = _key(entry)
        if key is not None and key.algorithm_name in algorithms and _strong(entry, key):
            keys.setdefault((key.key_id, key.algorithm_name), key)
    if not keys:
        raise ValueError("the JWKS has no usable key")
    return keys


def _key(entry: object) -> jwt.PyJWK | None:
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or entry.get("kty") not in {"EC", "RSA", "OKP"}:
        return None
    if not isinstance(entry.get("kid", ""), str):
        return None
    try:
        # Without its private part a key cannot sign, whatever happens to it here.
        return jwt.PyJWK({name: value for name, value in entry.items() if name not in _PRIVATE})
    except (jwt.PyJWTError, ValueError, TypeError):
        return None


def _strong(entry: dict[str, object], key: jwt.PyJWK) -> bool:
    if key.algorithm_name == "ES256":
        return entry.get("crv") == "P-256"
    return key.algorithm_name != "RS256" or key.key.key_size >= MIN_RSA_BITS


_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
