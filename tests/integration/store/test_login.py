"""What the parameters of the database URL do to a session."""

import socket
from urllib.parse import urlsplit

import asyncpg
import pytest

from service.settings import Settings
from service.store.errors import StoreUnavailable
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
    login, _, host = parts.netloc.rpartition("@")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hosts = f"127.0.0.1:{silent.getsockname()[1]},127.0.0.1:1,{host}"
        query = f"connect_timeout=1&target_session_attrs={target}"
        connection = await opened(parts._replace(netloc=f"{login}@{hosts}", query=query).geturl())
        assert await connection.fetchval("SELECT 1") == 1
        connection.terminate()


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
