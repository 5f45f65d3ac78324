"""An identity provider whose keys cannot be read: readiness, metrics and `doctor` say so."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.support.issuer import NAME, Issuer
from tests.support.measured import measured
from tests.support.program import program
from tests.support.registry import Registry
from tests.support.slow_issuer import slow_issuer
from tests.support.thread_server import thread_server
from tests.support.wait import eventually
from tests.support.watch import part


class Provider:
    """An identity provider on localhost that refuses its keys as a firewall does, or has none."""

    def __init__(self) -> None:
        self.issuer = Issuer()
        self.refuses = False
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(403 if provider.refuses else 200)
                self.end_headers()
                self.wfile.write(b"<html>" if provider.refuses else provider.issuer.jwks())

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        self.handler = Handler
        self.url = ""

    @property
    def settings(self) -> dict[str, Any]:
        return {"jwks": self.url, "jwt_issuer": NAME}


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A running provider."""
    made = Provider()
    with thread_server(made.handler) as url:
        made.url = f"{url}/jwks"
        yield made


async def test_readiness_names_keys_that_cannot_be_read(registry: Registry, provider: Provider) -> None:
    provider.refuses = True
    service = registry.service("--role", "api", **provider.settings)
    service.start()

    async def refused() -> bool:
        return "HTTP Error 403" in await part(service, "keys")

    await eventually(refused)
    assert await measured(service.admin_port, "producer_registry_jwks_failures_total") > 0
    provider.refuses = False
    await eventually(service.ready)


async def test_readiness_names_a_key_set_without_keys(registry: Registry, provider: Provider) -> None:
    provider.issuer.keys = {}
    service = registry.service("--role", "api", **provider.settings)
    service.start()

    async def empty() -> bool:
        return "has no usable key" in await part(service, "keys")

    await eventually(empty)


async def test_readiness_names_keys_that_do_not_arrive_completely(registry: Registry) -> None:
    with slow_issuer("body", Issuer().jwks()) as slow:
        service = registry.service("--role", "api", jwks=slow.url, jwt_issuer=NAME)
        service.start()

        async def late() -> bool:
            return "no complete response within" in await part(service, "keys")

        await eventually(late)
        slow.way = "keys"
        await eventually(service.ready)


async def test_doctor_waits_for_keys_for_a_limited_time() -> None:
    with slow_issuer("body") as slow:
        ended = await program("doctor", "--json", jwks=slow.url, jwt_issuer=NAME)
    checks = {check["name"]: check for check in map(json.loads, ended.lines)}
    assert "no complete response within" in checks["keys"]["finding"]


@pytest.mark.parametrize(
    ("refuses", "keys", "state", "finding"),
    [
        (False, True, "ok", "1 keys for"),
        (True, True, "bad", "cannot be read: HTTP Error 403: Forbidden"),
        (False, False, "bad", "has no usable key: every token is refused"),
    ],
)
async def test_doctor_reads_the_keys(provider: Provider, refuses: bool, keys: bool, state: str, finding: str) -> None:
    provider.refuses = refuses
    if not keys:
        provider.issuer.keys = {}
    ended = await program("doctor", "--json", **provider.settings)
    checks = {check["name"]: check for check in map(json.loads, ended.lines)}
    assert checks["keys"]["state"] == state
    assert finding in checks["keys"]["finding"]
