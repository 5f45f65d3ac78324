"""`producer-registry serve` with wrong settings, and with the API only."""

import socket

import pytest

from tests.support.process import health
from tests.support.registry import Registry
from tests.support.wait import eventually


async def refused(registry: Registry, *arguments: str, **settings: object) -> str:
    """Return the output of a process that must not start."""
    service = registry.service(*arguments, **settings)
    service.start()
    assert await service.gone()
    assert service.code == 2, service.last_lines()
    return service.last_lines()


async def test_a_port_in_use_is_reported_with_its_setting(registry: Registry) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        output = await refused(registry, admin_port=port)
        assert f"REGISTRY_ADMIN_PORT: cannot listen on 127.0.0.1 port {port}" in output
        assert "REGISTRY_API_PORT" in await refused(registry, api_port=port)


@pytest.mark.parametrize(
    ("role", "missing"), [("consumers", "database_url"), ("relay", "kafka_bootstrap_servers"), ("api", "jwks")]
)
async def test_a_missing_setting_of_a_role_is_reported(registry: Registry, role: str, missing: str) -> None:
    assert f"REGISTRY_{missing.upper()}" in await refused(registry, "--role", role, **{missing: ""})


async def test_malformed_fail_points_are_refused_with_the_name_of_the_setting(registry: Registry) -> None:
    assert "REGISTRY_FAILPOINTS" in await refused(registry, failpoints="nowhere=kill")


async def test_the_password_of_an_unreachable_database_is_not_logged(registry: Registry) -> None:
    url = "postgresql://registry:pl%40nted%2Fs3cret@127.0.0.1:1/registry"
    service = registry.service("--role", "consumers", database_url=url)
    service.start()
    await eventually(lambda: health(service.admin_port, "/livez"), what="the admin port")
    await eventually(lambda: "part_not_ready" in service.last_lines(), what="a line about the database")
    assert await service.stop() == 0
    assert "s3cret" not in service.last_lines()


@pytest.mark.parametrize("role", ["all", "consumers", "relay", "api"])
async def test_a_missing_certificate_is_reported_with_its_setting_and_file(registry: Registry, role: str) -> None:
    files = {"kafka_ssl_cafile": "/nowhere/ca.pem"}
    output = await refused(registry, "--role", role, kafka_security_protocol="SSL", **files)
    assert "REGISTRY_KAFKA_SSL_CAFILE: cannot read /nowhere/ca.pem: No such file or directory" in output
    assert "Traceback" not in output


async def test_the_api_alone_needs_no_broker(registry: Registry) -> None:
    service = await registry.started("--role", "api", kafka_bootstrap_servers="")
    assert await health(service.api_port, "/openapi.json", seconds=30) == 200
    assert await service.stop() == 0


async def test_readiness_names_a_database_without_a_schema(registry: Registry, empty_database_url: str) -> None:
    service = registry.service("--role", "consumers", database_url=empty_database_url)
    service.start()
    await eventually(lambda: health(service.admin_port, "/livez"), what="the admin port")
    assert await health(service.admin_port, "/readyz", seconds=30) == 503
    assert await service.stop() == 0, service.last_lines()
