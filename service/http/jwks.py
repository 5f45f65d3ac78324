"""The public keys that verify tokens: a JWKS file or URL, cached and refreshed."""

import asyncio
import time
from collections.abc import Callable, Collection
from functools import partial
from typing import Final

import jwt
import orjson

from service.http.key_fetch import KeyFetch
from service.http.key_source import FETCH_SECONDS, read_source
from service.http.pace import Pace
from service.log_condition import LogCondition
from service.masking import masked
from service.telemetry import JWKS_FAILURES, log

UNKNOWN_KEY_SECONDS: Final = 60.0
"""The minimum interval between refreshes caused by unknown key ids."""

AGE_SECONDS: Final = 600.0
"""Older keys are refreshed in the background, so that withdrawn keys are removed."""

FIRST_SECONDS: Final = 1.0
MOST_SECONDS: Final = 10.0
"""Without valid keys, a retry starts FIRST_SECONDS after the first failure; the interval doubles up to MOST_SECONDS."""

RETRY_SECONDS: Final = 60.0
"""With valid keys, a failed refresh is repeated after this time."""

MOST_WAITING: Final = 200
"""So many requests may wait for a fetch at the same time. Each of them holds a connection."""

PACE_SECONDS: Final = 0.001
"""In this time one request gets a key: it verifies a signature, or is refused. Verified tokens are remembered."""

MIN_RSA_BITS: Final = 2048

_log = log(__name__)


class KeysUnavailable(Exception):
    """The key of a token cannot be looked up at the moment: there are no keys, or too many requests wait for them."""


class KeySet:
    """The keys of a JWKS by key id and algorithm; `source` is a file's path or an http(s) URL.

    Only signature keys for `algorithms` (ES256, RS256, EdDSA) are used. Keys that were read more than `max_age` seconds
    ago are not valid any more. A request with a known key never waits for a fetch, and no other waits longer than
    `fetch_seconds`. `fetch_seconds`, `read` and `now` (seconds) are for tests.
    """

    def __init__(
        self,
        source: str,
        algorithms: Collection[str],
        *,
        max_age: float = 86_400.0,
        fetch_seconds: float = FETCH_SECONDS,
        read: Callable[[str], bytes] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.generation = 0
        """Increases when the keys change."""
        self.problem: str | None = None
        """Why the last refresh failed, or why no token can be verified; None if all is well."""
        self._source = source
        self._algorithms = frozenset(algorithms)
        self._max_age = max_age
        self._read = read or partial(read_source, seconds=fetch_seconds)
        self._in_thread = KeyFetch(self._load, fetch_seconds)
        self._now = now
        self._keys: dict[tuple[str | None, str], jwt.PyJWK] = {}
        self._raw = b""
        self._read_at: float | None = None
        self._created_at = now()
        self._last_attempt: float | None = None
        self._failures = 0
        self._unreadable = LogCondition(_log, "keys_unreadable", "keys_readable_again")
        self._refreshing: asyncio.Task[None] | None = None
        self._waiting = 0
        self._pace = Pace(1, PACE_SECONDS)

    @property
    def usable(self) -> bool:
        """Whether a token can be verified: there are keys, and they are not too old."""
        return bool(self._keys) and self._current

    @property
    def age(self) -> float:
        """The seconds since the keys were last read, or since this object was created if they were not read yet."""
        return self._now() - (self._created_at if self._read_at is None else self._read_at)

    @property
    def _current(self) -> bool:
        return self._read_at is not None and self._now() - self._read_at < self._max_age

    async def key(self, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        """Return the key with this id for this algorithm; without an id, the only key for the algorithm.

        Only a request whose key is unknown, or which comes while there are no keys, waits for a fetch. Raises
        KeysUnavailable when no key set could be read for the maximum age, or when MOST_WAITING requests wait already.
        """
        await self._pace.turn()
        if not self._current:
            await self._refresh(self._retry_seconds())
            if not self._current:
                raise KeysUnavailable
        key = self._find(key_id, algorithm)
        if key is None:
            await self._refresh(UNKNOWN_KEY_SECONDS)
            key = self._find(key_id, algorithm)
        return key

    def keep_fresh(self) -> None:
        """Start a refresh in the background if it is due: for keys that are old or missing, and after a failure."""
        # A process without keys is not ready, so no request may come whose unknown key starts a refresh.
        pause = AGE_SECONDS if self._keys else MOST_SECONDS
        if self._refreshing is None and self._due(self._retry_seconds() if self._failures else pause):
            self._refreshing = self._start()

    def _retry_seconds(self) -> float:
        if self.usable:
            return RETRY_SECONDS
        return min(MOST_SECONDS, FIRST_SECONDS * 2.0 ** min(self._failures - 1, 32))

    def _find(self, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        if key_id is not None:
            return self._keys.get((key_id, algorithm))
        candidates = [key for (_, name), key in self._keys.items() if name == algorithm]
        return candidates[0] if len(candidates) == 1 else None

    def _due(self, seconds: float) -> bool:
        return self._last_attempt is None or self._now() - self._last_attempt >= seconds

    def _start(self) -> asyncio.Task[None]:
        self._last_attempt = self._now()
        task = asyncio.create_task(self._fetch())
        task.add_done_callback(self._refresh_done)
        return task

    def _refresh_done(self, _: asyncio.Task[None]) -> None:
        self._refreshing = None

    async def _refresh(self, seconds: float) -> None:
        """Fetch the keys once for all waiting requests, unless the last attempt was less than `seconds` ago."""
        running = self._refreshing
        if running is None:
            if not self._due(seconds):
                return
            running = self._refreshing = self._start()
        if self._waiting >= MOST_WAITING:
            raise KeysUnavailable
        self._waiting += 1
        try:
            # A cancelled request must not cancel the fetch for the others.
            await asyncio.shield(running)
            await self._pace.turn()
        finally:
            self._waiting -= 1

    def _load(self) -> tuple[bytes, dict[tuple[str | None, str], jwt.PyJWK]]:
        """Read and parse the keys; called in a thread."""
        raw = self._read(self._source)
        return raw, parse_keys(raw, self._algorithms)

    async def _fetch(self) -> None:
        try:
            raw, keys = await self._in_thread.result()
        except Exception as error:
            # Whatever the source has, the service goes on with the keys that it has.
            self._failures += 1
            # The pause before the next attempt begins when this one has ended.
            self._last_attempt = self._now()
            JWKS_FAILURES.inc()
            source = masked(self._source)
            # The text of an error may repeat a part of the address, such as its password; that of a time-out does not.
            harmless = source == self._source or isinstance(error, TimeoutError)
            reason = str(error) if harmless else "the address is refused or malformed"
            self.problem = f"the keys of the token issuer could not be read from {source}: {reason}"
            self._unreadable.lasts(source=source, error=reason)
            return
        self._failures = 0
        self._unreadable.ended(source=masked(self._source))
        self._read_at = self._now()
        self.problem = None if keys else f"the key set {masked(self._source)} has no usable key"
        if raw != self._raw:
            self._raw = raw
            self._keys = keys
            self.generation += 1
            if not keys:
                _log.warning("no_usable_keys", source=masked(self._source))


def parse_keys(raw: bytes, algorithms: Collection[str]) -> dict[tuple[str | None, str], jwt.PyJWK]:
    """Return the usable keys of a JWKS by key id and algorithm, public parts only. There may be none.

    Raises ValueError if it is not a JWKS.
    """
    document = orjson.loads(raw)
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("not a JWKS: no list of keys")
    keys: dict[tuple[str | None, str], jwt.PyJWK] = {}
    for given in document["keys"]:
        # Some serializers write null for each member that a key does not have.
        entry = {name: value for name, value in given.items() if value is not None} if isinstance(given, dict) else {}
        key = _key(entry)
        if key is not None and key.algorithm_name in algorithms and _strong(entry, key):
            keys.setdefault((key.key_id, key.algorithm_name), key)
    return keys


def _key(entry: dict[str, object]) -> jwt.PyJWK | None:
    if entry.get("use", "sig") != "sig" or entry.get("kty") not in {"EC", "RSA", "OKP"}:
        return None
    if not isinstance(entry.get("kid", ""), str):
        return None
    try:
        # Drop the private part, so that the key can never sign.
        return jwt.PyJWK({name: value for name, value in entry.items() if name not in _PRIVATE})
    except (jwt.PyJWTError, ValueError, TypeError):
        return None


def _strong(entry: dict[str, object], key: jwt.PyJWK) -> bool:
    if key.algorithm_name == "ES256":
        return entry.get("crv") == "P-256"
    return key.algorithm_name != "RS256" or key.key.key_size >= MIN_RSA_BITS


_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
