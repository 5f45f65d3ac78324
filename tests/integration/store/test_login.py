"""What the parameters of the database URL do to a session."""

import socket
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from service.settings import Settings
from service.store import login
from service.store.errors import StoreUnavailable
from service.store.login import log_in_to
from service.store.migrate import migrate
from service.store.pool import Connection, connect

OWN_NAME = "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"


async def opened(url: str) -> Connection:
    """Open a session."""
    return await connect(Settings(database_url=url), "test")


@pytest.mark.parametrize(
    ("parameters", "name"), [("", "producer-registry test"), ("?application_name=own", "own test")]
)
async def test_the_name_of_the_application(database_url: str, parameters: str, name: str) -> None:
    connection = await opened(database_url + parameters)
    assert await connection.fetchval(OWN_NAME) == name
    connection.terminate()


async def test_options_of_the_server_are_set_except_the_pinned_ones(database_url: str) -> None:
    options = "-c%20work_mem%3D12MB%20-c%20synchronous_commit%3Doff"
    connection = await opened(f"{database_url}?options={options}")
    assert await connection.fetchval("SHOW work_mem") == "12MB"
    assert await connection.fetchval("SHOW synchronous_commit") == "on"
    connection.terminate()


async def test_keepalives_are_options_of_the_socket(database_url: str) -> None:
    parameters = "keepalives=1&keepalives_idle=33&keepalives_interval=7&keepalives_count=4"
    connection = await opened(f"{database_url}?{parameters}")
    own: socket.socket = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined]
    names = socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT
    assert own.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert [own.getsockopt(socket.IPPROTO_TCP, name) for name in names] == [33, 7, 4]
    connection.terminate()


@pytest.mark.parametrize("target", ["any", "primary", "read-write", "prefer-standby"])
async def test_the_next_host_is_tried_when_one_does_not_answer(database_url: str, target: str) -> None:
    parts = urlsplit(database_url)
    user, _, host = parts.netloc.rpartition("@")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hosts = f"127.0.0.1:{silent.getsockname()[1]},127.0.0.1:1,{host}"
        query = f"connect_timeout=1&target_session_attrs={target}"
        connection = await opened(parts._replace(netloc=f"{user}@{hosts}", query=query).geturl())
        assert await connection.fetchval("SELECT 1") == 1
        connection.terminate()


@pytest.mark.parametrize("where", ["URL", "PGHOST"])
async def test_ports_of_the_variable_belong_to_the_hosts_in_order(
    database_url: str, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    parts = urlsplit(database_url)
    user = parts.netloc.rpartition("@")[0]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hosts, ports = "127.0.0.1,127.0.0.1,127.0.0.1", f"{silent.getsockname()[1]},1,{parts.port}"
        monkeypatch.setenv("PGPORT", ports)
        monkeypatch.setenv("PGHOST", hosts if where == "PGHOST" else "")
        netloc = f"{user}@{hosts if where == 'URL' else ''}"
        url = parts._replace(netloc=netloc, query="connect_timeout=1").geturl()
        connection = await opened(url)
        assert await connection.fetchval("SELECT 1") == 1
        connection.terminate()
        assert await migrate(Settings(database_url=url)) == []


@pytest.mark.parametrize("where", ["URL", "PGTARGETSESSIONATTRS"])
async def test_a_preferred_standby_is_sought_among_all_hosts_first(
    database_url: str, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    parts = urlsplit(database_url)
    tried: list[tuple[int | None, str | None]] = []

    async def log_in_noting(host: tuple[str, int | None], *arguments: Any, target: str | None, **options: Any) -> Any:
        tried.append((host[1], target))
        return await log_in_to(host, *arguments, target=target, **options)

    monkeypatch.setattr(login, "log_in_to", log_in_noting)
    if where != "URL":
        monkeypatch.setenv(where, "prefer-standby")
    query = "target_session_attrs=prefer-standby" if where == "URL" else ""
    connection = await opened(parts._replace(netloc=f"{parts.netloc},{parts.hostname}:1", query=query).geturl())
    connection.terminate()
    assert tried[:3] == [(parts.port, "standby"), (1, "standby"), (parts.port, "any")]


async def test_a_host_of_another_role_is_refused(database_url: str) -> None:
    with pytest.raises(StoreUnavailable, match="TargetServerAttributeNotMatched"):
        await opened(f"{database_url}?target_session_attrs=standby")


async def test_percent_encoded_parts_are_decoded(database_url: str) -> None:
    server = await asyncpg.connect(database_url)
    name = await server.fetchval("SELECT current_database()")
    await server.execute(f"CREATE ROLE \"a@{name}\" LOGIN PASSWORD 'p@/?#: w'")
    parts = urlsplit(database_url)
    url = parts._replace(netloc=f"a%40{name}:p%40%2F%3F%23%3A%20w@{parts.hostname}:{parts.port}").geturl()
    try:
        connection = await opened(url)
        assert await connection.fetchval("SELECT current_user") == f"a@{name}"
        connection.terminate()
    finally:
        await server.execute(f'DROP ROLE "a@{name}"')
        await server.close()
