"""The embedded PostgreSQL: its data, its process and its port over the life of a data folder."""

import subprocess
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest

from service.stack import drop_privileges
from service.stack.errors import StackError
from service.stack.postgres import Postgres
from tests.support.orphan import leave_behind, runs


async def ask(server: Postgres, query: str) -> object:
    connection = await asyncpg.connect(server.address)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_a_stop_leaves_no_process_and_no_temporary_folder() -> None:
    server = Postgres()
    await server.start()
    assert server.child.pid is not None
    family = [psutil.Process(server.child.pid), *psutil.Process(server.child.pid).children(recursive=True)]
    assert await ask(server, "SHOW fsync") == "on"
    assert await ask(server, "SHOW listen_addresses") == "127.0.0.1"
    await server.stop()
    assert [process for process in family if process.is_running()] == []
    assert not server.folder.exists()


async def test_data_is_there_again_when_the_folder_is_kept(tmp_path: Path) -> None:
    server = Postgres(tmp_path)
    await server.start()
    await ask(server, "CREATE TABLE kept AS SELECT 7 AS number")
    await server.stop()
    again = Postgres(tmp_path)
    await again.start()
    try:
        assert await ask(again, "SELECT number FROM kept") == 7
        assert again.child.pid is not None
    finally:
        await again.stop()


async def test_the_next_parent_takes_up_the_server_when_the_first_was_killed(tmp_path: Path) -> None:
    pid, address = leave_behind("service.stack.postgres", "Postgres", tmp_path)
    server = Postgres(tmp_path)
    await server.start()
    try:
        assert (server.child.pid, server.address) == (pid, address)
        assert await ask(server, "SELECT 1") == 1
    finally:
        await server.stop()
    assert not runs(pid), "an adopted server is stopped like an own one"


async def test_another_port_is_refused_when_the_server_still_lives(tmp_path: Path) -> None:
    server = Postgres(tmp_path)
    await server.start()
    try:
        reason = rf"is still running on port {server.child.port} \(pid {server.child.pid}\)"
        with pytest.raises(StackError, match=reason):
            await Postgres(tmp_path, port=1).start()
        assert await ask(server, "SELECT 1") == 1, "a refused start leaves the server alone"
    finally:
        await server.stop()


async def test_a_killed_server_comes_back_on_its_port_with_its_data(tmp_path: Path) -> None:
    server = Postgres(tmp_path)
    await server.start()
    try:
        await ask(server, "CREATE TABLE kept AS SELECT 7 AS number")
        address = server.address
        await server.child.kill()
        await server.start()
        assert server.address == address
        assert await ask(server, "SELECT number FROM kept") == 7
    finally:
        await server.stop()


async def test_a_server_that_dies_at_its_start_shows_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="unrecognized configuration parameter"):
        await Postgres(tmp_path, settings={"no_such_setting": "1"}).start()


async def test_the_password_is_readable_for_its_owner_alone(tmp_path: Path) -> None:
    server = Postgres(tmp_path)
    await server.start()
    try:
        assert (tmp_path / "password").stat().st_mode & 0o777 == 0o600
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.address, password="wrong")
    finally:
        await server.stop()


def test_a_server_is_not_root_and_yet_reaches_our_closed_folders(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "file").touch(mode=0o600)
    wrapper = [sys.executable, str(Path(drop_privileges.__file__))]
    user = subprocess.run([*wrapper, "/usr/bin/id", "-u"], capture_output=True, text=True, check=True)
    assert user.stdout.strip() != "0", "PostgreSQL refuses to run as root"
    assert subprocess.run([*wrapper, "/usr/bin/test", "-r", str(closed / "file")], check=False).returncode == 0
