"""A fetch of keys that does not end: it has one deadline, and affects no caller whose key is known."""

import asyncio
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from service.http import jwks
from service.http.caller import Verifier
from service.http.jwks import UNKNOWN_KEY_SECONDS, KeySet, KeysUnavailable
from service.http.key_fetch import THREAD_NAME
from service.http.problem import HttpProblem
from service.telemetry import JWKS_FAILURES
from tests.support.certificate import HOST, Authority
from tests.support.issuer import AUDIENCE, NAME, Issuer
from tests.support.slow_issuer import slow_issuer, unreachable
from tests.support.wait import eventually

SAFE = ["ES256"]
SHORT = 0.3
"""The deadline of fetches that have to fail, in seconds."""
LONG = 60.0
"""A deadline that no test reaches."""


def readers() -> list[threading.Thread]:
    """Return the threads that read keys."""
    return [thread for thread in threading.enumerate() if thread.name == THREAD_NAME]


@pytest.fixture(autouse=True)
def _without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ignore the proxy of the machine that runs the tests."""
    monkeypatch.setenv("no_proxy", "*")


async def fails(keys: KeySet, reason: str) -> None:
    """Check that a fetch of these keys, which has to be the first one, ends and fails for this reason."""
    failures = JWKS_FAILURES._value.get()
    with capture_logs() as logs, pytest.raises(KeysUnavailable):
        async with asyncio.timeout(30):
            await keys.key("ec", "ES256")
    assert keys.problem is not None
    assert keys.problem.endswith(f": {reason}")
    assert JWKS_FAILURES._value.get() - failures == 1
    assert [line["event"] for line in logs] == ["keys_unreadable"]


ENDLESS = [
    "silence",
    "status line",
    "header",
    "interim responses",
    "body",
    "body without a length",
    "chunks",
    "body of a redirect",
    "redirects",
]
LATE = f"no complete response within {SHORT:g} s"


@pytest.mark.parametrize("way", ENDLESS)
async def test_a_fetch_ends_at_its_deadline(way: str) -> None:
    with slow_issuer(way) as issuer:
        await fails(KeySet(issuer.url, SAFE, fetch_seconds=SHORT), LATE)
        # The issuer still sends: only the reader can have ended.
        await eventually(lambda: not readers(), what="the end of the thread")
        assert issuer.requests < 10


async def test_the_body_of_an_error_is_not_awaited() -> None:
    with slow_issuer("body of an error") as issuer:
        await fails(KeySet(issuer.url, SAFE, fetch_seconds=LONG), "HTTP Error 503: Unavailable")


@pytest.mark.parametrize("way", ["body", "header", "keys"])
async def test_tls_is_read_with_the_same_deadline(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with slow_issuer(way, Issuer().jwks(), signed=authority.sign("issuer")) as issuer:
        if way == "keys":
            assert await KeySet(issuer.url, SAFE, fetch_seconds=LONG).key("ec", "ES256") is not None
        else:
            await fails(KeySet(issuer.url, SAFE, fetch_seconds=SHORT), LATE)
            await eventually(lambda: not readers(), what="the end of the thread")


async def test_a_handshake_that_is_not_answered_ends_at_the_deadline() -> None:
    with slow_issuer("silence") as issuer:
        await fails(KeySet(issuer.url.replace("http:", "https:"), SAFE, fetch_seconds=SHORT), LATE)
        await eventually(lambda: not readers(), what="the end of the thread")


async def test_an_address_that_does_not_answer_ends_the_fetch_at_the_deadline() -> None:
    with unreachable() as port:
        await fails(KeySet(f"http://{HOST}:{port}/jwks", SAFE, fetch_seconds=SHORT), LATE)
        await eventually(lambda: not readers(), what="the end of the thread")


async def test_an_address_that_does_not_answer_leaves_time_for_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with slow_issuer("keys", Issuer().jwks()) as issuer, unreachable() as port:
        resolve = socket.getaddrinfo

        def two(host: str, *rest: Any, **named: Any) -> Any:
            if host != "login.example.com":
                return resolve(host, *rest, **named)
            return [*resolve(HOST, port, **named), *resolve(HOST, issuer.server_address[1], **named)]

        monkeypatch.setattr(socket, "getaddrinfo", two)
        keys = KeySet("http://login.example.com/jwks", SAFE, fetch_seconds=3)
        assert await keys.key("ec", "ES256") is not None


async def test_a_proxy_is_read_with_the_same_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy")
    with slow_issuer("header") as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        # Long enough to load the certificates of the machine, which comes before the connection.
        keys = KeySet("https://login.example.com/jwks", SAFE, fetch_seconds=2)
        await fails(keys, "no complete response within 2 s")
        await eventually(lambda: not readers(), what="the end of the thread")
        await eventually(lambda: proxy.requests == 1, what="the request that the proxy reads")


async def test_name_resolution_counts_and_has_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    over, asked = threading.Event(), []
    resolve = socket.getaddrinfo

    def hang(host: str, *rest: Any, **named: Any) -> Any:
        if host == "login.example.com":
            asked.append(host)
            over.wait()
        return resolve(HOST, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    now = 1000.0
    with slow_issuer("keys", Issuer().jwks()) as issuer:
        # Long enough for the last fetch, which has to succeed.
        keys = KeySet(issuer.url.replace(HOST, "login.example.com"), SAFE, fetch_seconds=2, now=lambda: now)
        try:
            await fails(keys, "no complete response within 2 s")
            for _ in range(5):
                now += 60
                with pytest.raises(KeysUnavailable):
                    await keys.key("ec", "ES256")
                assert str(keys.problem).endswith("an earlier attempt has not ended")
            assert (len(asked), len(readers())) == (1, 1)
        finally:
            over.set()
        await eventually(lambda: not readers(), what="the end of the thread")
        now += 60
        assert await keys.key("ec", "ES256") is not None


@pytest.mark.parametrize("writer", [True, False])
async def test_a_named_pipe_is_read_until_the_deadline(tmp_path: Path, writer: bool) -> None:
    pipe = tmp_path / "keys"
    os.mkfifo(pipe)
    # A descriptor that can also read opens at once.
    descriptor = os.open(pipe, os.O_RDWR) if writer else None
    await fails(KeySet(str(pipe), SAFE, fetch_seconds=SHORT), LATE)
    await eventually(lambda: not readers(), what="the end of the thread")
    if descriptor is not None:
        os.close(descriptor)


@pytest.mark.parametrize("first", ["reader", "writer"])
async def test_keys_come_through_a_named_pipe(tmp_path: Path, first: str) -> None:
    pipe, raw = tmp_path / "keys", Issuer().jwks()
    os.mkfifo(pipe)
    keys = KeySet(str(pipe), SAFE, fetch_seconds=LONG)
    if first == "reader":
        waiting = asyncio.create_task(keys.key("ec", "ES256"))
        await asyncio.to_thread(pipe.write_bytes, raw)
        assert await waiting is not None
    else:
        keeper = os.open(pipe, os.O_RDWR)
        os.write(keeper, raw)
        waiting = asyncio.create_task(keys.key("ec", "ES256"))
        await eventually(lambda: bool(readers()), what="the reader")
        os.close(keeper)
        assert await waiting is not None


async def test_a_redirect_leads_to_http_only(tmp_path: Path) -> None:
    trusted = Issuer()
    for scheme, reason in (("ftp", "<urlopen error unknown url type: ftp>"), ("file", "'file://")):
        with slow_issuer(f"redirect to {scheme}", trusted.jwks()) as issuer:
            keys = KeySet(issuer.url, SAFE, fetch_seconds=LONG)
            with pytest.raises(KeysUnavailable):
                await keys.key("ec", "ES256")
            assert reason in str(keys.problem)
    with slow_issuer("redirect to keys", trusted.jwks()) as issuer:
        assert await KeySet(issuer.url, SAFE, fetch_seconds=LONG).key("ec", "ES256") is not None


async def test_a_caller_with_a_known_key_is_answered_while_a_fetch_is_in_progress() -> None:
    trusted, now = Issuer(), 1000.0
    with slow_issuer("keys", trusted.jwks()) as issuer:
        keys = KeySet(issuer.url, SAFE, fetch_seconds=LONG, now=lambda: now)
        verifier = Verifier(keys, issuer=NAME, audience=AUDIENCE)
        await verifier.caller([f"Bearer {trusted.token()}"])
        issuer.way = "body"
        now += UNKNOWN_KEY_SECONDS
        flood = [asyncio.create_task(verifier.caller([f"Bearer {foreign(n)}"])) for n in range(50)]
        await eventually(lambda: issuer.requests == 2, what="the fetch")
        for sub in ("pc:1", "pc:2"):
            # A token of a known caller, and one that is verified now.
            assert (await verifier.caller([f"Bearer {trusted.token(sub=sub)}"])).subject == sub
        assert not any(task.done() for task in flood)
        assert len(readers()) == 1
        issuer.over.set()
        refused = await asyncio.gather(*flood, return_exceptions=True)
    assert {getattr(problem, "status", None) for problem in refused} == {401}
    assert issuer.requests == 2


FOREIGN = Issuer()


def foreign(number: int) -> str:
    """Return a token with an unknown key id."""
    return FOREIGN.token(kid=f"unknown-{number}", key=FOREIGN.keys["ec"])


async def test_so_many_requests_wait_for_a_fetch_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "MOST_WAITING", 3)
    trusted, now = Issuer(), 1000.0
    with slow_issuer("keys", trusted.jwks()) as issuer:
        keys = KeySet(issuer.url, SAFE, fetch_seconds=LONG, now=lambda: now)
        assert await keys.key("ec", "ES256") is not None
        issuer.way = "silence"
        now += UNKNOWN_KEY_SECONDS
        waiting = [asyncio.create_task(keys.key(f"unknown-{number}", "ES256")) for number in range(3)]
        await eventually(lambda: issuer.requests == 2, what="the fetch")
        with pytest.raises(KeysUnavailable):
            await keys.key("one more", "ES256")
        assert await keys.key("ec", "ES256") is not None
        waiting[0].cancel()
        await asyncio.wait((waiting[0],))
        waiting.append(asyncio.create_task(keys.key("instead", "ES256")))
        issuer.over.set()
        assert await asyncio.gather(*waiting[1:]) == [None, None, None]


async def test_a_request_with_an_unknown_key_is_refused_at_the_deadline() -> None:
    trusted, now = Issuer(), 1000.0
    with slow_issuer("keys", trusted.jwks()) as issuer:
        # Long enough for the first fetch, which has to succeed.
        keys = KeySet(issuer.url, SAFE, fetch_seconds=2, now=lambda: now)
        verifier = Verifier(keys, issuer=NAME, audience=AUDIENCE)
        await verifier.caller([f"Bearer {trusted.token()}"])
        issuer.way = "body"
        now += UNKNOWN_KEY_SECONDS
        with pytest.raises(HttpProblem) as refused:
            await verifier.caller([f"Bearer {foreign(1)}"])
    assert refused.value.status == 401
    assert str(keys.problem).endswith("no complete response within 2 s")
    assert keys.usable


async def test_a_time_out_is_named_for_an_address_with_a_password() -> None:
    with slow_issuer("silence") as issuer:
        keys = KeySet(f"{issuer.url}?password=s3cret", SAFE, fetch_seconds=SHORT)
        await fails(keys, LATE)
    assert "s3cret" not in str(keys.problem)


HANGING = """
import asyncio, threading
from service.http.jwks import KeySet, KeysUnavailable

async def main():
    keys = KeySet("memory", ["ES256"], read=lambda _: threading.Event().wait(), fetch_seconds=0.1)
    try:
        await keys.key("ec", "ES256")
    except KeysUnavailable:
        print(keys.problem)

asyncio.run(main())
"""


async def test_a_process_ends_while_a_fetch_hangs() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", HANGING, stdout=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(60):
            printed, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert (process.returncode, printed.decode().strip().endswith("within 0.1 s")) == (0, True)
