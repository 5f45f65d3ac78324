"""Keys are cached, refreshed for unknown key ids (at most once a minute), and in the background when old."""

import asyncio
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from structlog.testing import capture_logs

from service.http.caller import Verifier
from service.http.jwks import (
    AGE_SECONDS,
    MOST_SECONDS,
    UNKNOWN_KEY_SECONDS,
    KeySet,
    KeysUnavailable,
    parse_keys,
)
from service.http.key_source import read_source
from service.http.problem import HttpProblem
from service.telemetry import JWKS_FAILURES
from service.version import VERSION
from tests.support.issuer import AUDIENCE, NAME, Issuer, public
from tests.support.thread_server import thread_server
from tests.support.wait import eventually
from tests.unit.http.api_client import api_client

SAFE = ["ES256", "RS256", "EdDSA"]


class Source:
    """A key set source that counts reads and can be unavailable."""

    def __init__(self, max_age: float = 86_400) -> None:
        self.issuer = Issuer()
        self.reads = 0
        self.unavailable = False
        self.failure: Exception = OSError("unavailable")
        self.now = 1000.0
        self.keys = KeySet("memory", SAFE, max_age=max_age, read=self._read, now=lambda: self.now)

    def _read(self, _: str) -> bytes:
        self.reads += 1
        if self.unavailable:
            raise self.failure
        return self.issuer.jwks()


async def test_unknown_key_id_refreshes_at_most_once_a_minute() -> None:
    source = Source()
    assert await source.keys.key("ec", "ES256") is not None
    source.now += UNKNOWN_KEY_SECONDS
    for _ in range(20):
        assert await source.keys.key("new", "ES256") is None
    assert source.reads == 2
    source.issuer.keys["new"] = ec.generate_private_key(ec.SECP256R1())
    assert await source.keys.key("new", "ES256") is None
    source.now += UNKNOWN_KEY_SECONDS
    assert await source.keys.key("new", "ES256") is not None
    assert source.reads == 3


async def test_concurrent_requests_with_unknown_key_ids_share_one_refresh() -> None:
    source = Source()
    await asyncio.gather(*(source.keys.key("unknown", "ES256") for _ in range(50)))
    assert source.reads == 1


async def test_known_keys_are_kept_while_the_source_is_unavailable() -> None:
    source = Source()
    await source.keys.key("ec", "ES256")
    source.unavailable = True
    source.now += UNKNOWN_KEY_SECONDS
    assert await source.keys.key("other", "ES256") is None
    assert await source.keys.key("ec", "ES256") is not None


async def test_known_keys_are_kept_when_a_refresh_fails_unexpectedly() -> None:
    source = Source()
    await source.keys.key("ec", "ES256")
    source.unavailable, source.failure = True, KeyError("a defect")
    source.now += UNKNOWN_KEY_SECONDS
    with capture_logs() as logs:
        assert await source.keys.key("other", "ES256") is None
        assert await source.keys.key("ec", "ES256") is not None
    assert [line["log_level"] for line in logs] == ["warning"]


async def test_withdrawn_key_is_removed_after_the_maximum_age() -> None:
    source = Source()
    await source.keys.key("ec", "ES256")
    source.keys.keep_fresh()
    assert source.reads == 1
    source.issuer.keys = {"next": ec.generate_private_key(ec.SECP256R1())}
    source.now += AGE_SECONDS
    source.keys.keep_fresh()
    await eventually(lambda: source.keys.generation == 2, what="the new keys")
    assert await source.keys.key("ec", "ES256") is None


async def test_keys_are_unavailable_until_the_first_read() -> None:
    source = Source()
    source.unavailable = True
    for _ in range(3):
        with pytest.raises(KeysUnavailable):
            await source.keys.key("ec", "ES256")
    assert source.reads == 1
    source.unavailable = False
    source.now += 1
    assert await source.keys.key("ec", "ES256") is not None


async def test_failed_reads_back_off_and_are_logged_once() -> None:
    source = Source()
    source.unavailable = True
    tried: list[float] = []
    with capture_logs() as logs:
        for second in range(60):
            source.now = 1000.0 + second
            before = source.reads
            with pytest.raises(KeysUnavailable):
                await source.keys.key("ec", "ES256")
            if source.reads > before:
                tried.append(second)
        assert tried == [0, 1, 3, 7, 15, 25, 35, 45, 55]
        source.unavailable = False
        source.now += 10
        assert await source.keys.key("ec", "ES256") is not None
    assert [line["log_level"] for line in logs] == ["warning", "info"]


class Firewalled(Issuer):
    """An issuer behind a firewall, which answers in its place."""

    def jwks(self) -> bytes:
        """Return a page for people."""
        return b"<html>"


async def test_request_gets_503_when_no_key_set_can_be_read() -> None:
    of = Firewalled()
    headers = {"Authorization": f"Bearer {of.token()}"}
    async with api_client(of) as client:
        answer = await client.get("/account/v1/producer-codes", headers=headers)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_a_key_set_without_keys_means_that_no_key_is_valid() -> None:
    source = Source()
    assert await source.keys.key("ec", "ES256") is not None
    source.issuer.keys = {}
    source.now += AGE_SECONDS
    source.keys.keep_fresh()
    await eventually(lambda: source.keys.generation == 2, what="the empty key set")
    assert await source.keys.key("ec", "ES256") is None
    assert not source.keys.usable
    assert source.keys.problem == "the key set memory has no usable key"


async def test_keys_are_not_valid_beyond_the_maximum_age() -> None:
    source = Source(max_age=3600)
    assert await source.keys.key("ec", "ES256") is not None
    source.unavailable = True
    source.now += 3599
    assert await source.keys.key("ec", "ES256") is not None
    source.now += 1
    with pytest.raises(KeysUnavailable):
        await source.keys.key("ec", "ES256")
    source.unavailable = False
    source.now += MOST_SECONDS
    assert await source.keys.key("ec", "ES256") is not None
    assert source.keys.problem is None


async def test_a_verified_token_is_not_accepted_beyond_the_maximum_age_of_the_keys() -> None:
    source = Source(max_age=3600)
    checking = Verifier(source.keys, issuer=NAME, audience=AUDIENCE)
    header = [f"Bearer {source.issuer.token()}"]
    await checking.caller(header)
    source.unavailable = True
    source.now += 3600
    with pytest.raises(HttpProblem) as refused:
        await checking.caller(header)
    assert refused.value.status == 503


async def test_a_failed_refresh_is_reported_and_repeated_while_the_keys_are_valid() -> None:
    source = Source()
    await source.keys.key("ec", "ES256")
    source.unavailable = True
    failures = JWKS_FAILURES._value.get()
    tried = []
    for second in range(0, 900, 10):
        source.now = 1000.0 + second
        before = source.reads
        source.keys.keep_fresh()
        await asyncio.sleep(0)
        await eventually(lambda: source.keys._refreshing is None, what="the end of the refresh")
        if source.reads > before:
            tried.append(second)
    assert tried == [600, 660, 720, 780, 840]
    assert source.keys.usable
    assert source.keys.problem == "the keys of the token issuer could not be read from memory: unavailable"
    assert JWKS_FAILURES._value.get() - failures == 5


async def test_token_without_key_id_uses_the_only_key_of_its_algorithm() -> None:
    source = Source()
    assert await source.keys.key(None, "ES256") is not None
    assert await source.keys.key(None, "RS256") is None
    source.issuer.keys["second"] = ec.generate_private_key(ec.SECP256R1())
    source.now += UNKNOWN_KEY_SECONDS
    await source.keys.key("second", "ES256")
    assert await source.keys.key(None, "ES256") is None


def test_only_strong_signature_keys_are_used() -> None:
    good = public(ec.generate_private_key(ec.SECP256R1())) | {"kid": "good"}
    entries = [
        good | {"kid": "for encryption", "use": "enc"},
        public(rsa.generate_private_key(65537, 1024)) | {"kid": "short"},  # noqa: S505  # the test expects its rejection
        public(ec.generate_private_key(ec.SECP384R1())) | {"kid": "other curve"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "shared secret"},
        {"kty": "EC", "crv": "P-256", "x": "?", "y": "?", "kid": "broken"},
        good | {"kid": 7},
        "text",
        good,
    ]
    assert list(parse_keys(orjson.dumps({"keys": entries}), SAFE)) == [("good", "ES256")]


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"keys":1}', b"\xff"])
def test_invalid_key_set_is_rejected(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_keys(raw, SAFE)


@pytest.fixture
def served() -> Iterator[str]:
    """Serve a key set on localhost and return its URL."""
    raw = Issuer().jwks()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers["User-Agent"] == f"producer-registry/{VERSION}"
            self.send_response(200 if known else 403)
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with thread_server(Handler) as url:
        yield f"{url}/jwks"


async def test_keys_are_read_from_a_url_or_a_file(served: str, tmp_path: Path) -> None:
    assert await KeySet(served, SAFE).key("ec", "ES256") is not None
    file = tmp_path / "jwks.json"
    file.write_bytes(read_source(served))
    assert await KeySet(str(file), SAFE).key("ec", "ES256") is not None


async def test_cached_token_is_discarded_when_its_key_is_withdrawn() -> None:
    source = Source()
    checking = Verifier(source.keys, issuer=NAME, audience=AUDIENCE)
    header = [f"Bearer {source.issuer.token()}"]
    await checking.caller(header)
    source.issuer.keys = {"next": ec.generate_private_key(ec.SECP256R1())}
    source.now += AGE_SECONDS
    await checking.caller(header)
    await eventually(lambda: source.keys.generation == 2, what="the new keys")
    with pytest.raises(HttpProblem) as refused:
        await checking.caller(header)
    assert refused.value.status == 401


async def test_the_password_of_the_address_is_not_logged() -> None:
    # urllib takes the password for a port, and says so.
    keys = KeySet("https://reader:pw-s3cret@login.example.com/keys", SAFE)
    with capture_logs() as lines, pytest.raises(KeysUnavailable):
        await keys.key("new", "ES256")
    assert [line["source"] for line in lines] == ["https://reader:********@login.example.com/keys"]
    assert "s3cret" not in str(lines)


def test_members_of_a_key_without_a_value_count_as_absent() -> None:
    """Some serializers write null for each member that a key does not have."""
    entry = {**orjson.loads(Issuer().jwks())["keys"][0], "alg": None, "use": None, "x5t": None, "key_ops": None}
    assert list(parse_keys(orjson.dumps({"keys": [entry]}), SAFE)) == [("ec", "ES256")]
    assert list(parse_keys(orjson.dumps({"keys": [{**entry, "kid": None}]}), SAFE)) == [(None, "ES256")]
