"""Both servers together, and the databases that the other tests get."""

from pathlib import Path

import asyncpg
import pytest

from service.stack.errors import StackError
from service.stack.postgres import Postgres
from service.stack.stack import Stack
from service.stack.tansu import Tansu
from tests.support.orphan import runs


async def test_a_given_address_is_used_and_its_server_left_running(postgres_url: str) -> None:
    async with Stack(database_url=postgres_url) as stack:
        assert stack.database_url == postgres_url
        assert isinstance(stack.kafka, Tansu)
        assert stack.starts_empty
    connection = await asyncpg.connect(postgres_url)
    await connection.close()


async def test_neither_is_left_running_when_one_cannot_start(kafka_bootstrap: str, tmp_path: Path) -> None:
    taken = int(kafka_bootstrap.split(",", maxsplit=1)[0].rpartition(":")[2])
    stack = Stack(data_dir=tmp_path, kafka_port=taken)
    with pytest.raises(StackError, match=f"127.0.0.1:{taken}"):
        await stack.start()
    assert isinstance(stack.postgres, Postgres)
    assert not stack.postgres.child.alive()
    assert not (tmp_path / "postgres" / "pid").exists()


async def test_a_data_folder_has_one_run_at_a_time(tmp_path: Path) -> None:
    async with Stack(data_dir=tmp_path):
        with pytest.raises(StackError, match="in use by another run"):
            await Stack(data_dir=tmp_path).start()
        assert list(tmp_path.glob("*/pid")), "the refused run does not touch the first one's servers"


async def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StackError, match=f"--data-dir {file} cannot be used as a folder"):
        await Stack(data_dir=file).start()


async def test_nothing_is_left_running_when_the_stack_stops(tmp_path: Path) -> None:
    stack = Stack(data_dir=tmp_path)
    async with stack:
        pids = [int(file.read_text().split(",")[0].rpartition(":")[2]) for file in tmp_path.glob("*/pid")]
    assert len(pids) == 2
    assert not any(map(runs, pids))


async def test_each_test_has_a_migrated_database_of_its_own(database_url: str, empty_database_url: str) -> None:
    assert database_url != empty_database_url
    tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'outbox_frame'"
    counts = []
    for url in (database_url, empty_database_url):
        connection = await asyncpg.connect(url)
        counts.append(await connection.fetchval(tables))
        await connection.close()
    assert counts == [1, 0]
