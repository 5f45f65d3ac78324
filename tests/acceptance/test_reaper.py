"""Nothing is left of a test run, a demo or a `dev` that ends before its end: no process, no temporary folder."""

import signal
from pathlib import Path

import psutil
import pytest

from tests.support.inner_run import MAKE, PYTEST, SECONDS, arguments, hangs, started
from tests.support.ladder import Rung
from tests.support.orphan import of_folder, reaper_of
from tests.support.program import PROGRAM
from tests.support.wait import eventually

pytestmark = pytest.mark.timeout(900)

FILE = "tests/acceptance/hanging.py::test_with_servers"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder for temporary files of the run."""
    made = tmp_path / "temporary"
    made.mkdir()
    return made


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_nothing_is_left_of_a_test_run(
    broker_rung: Rung, folder: Path, tmp_path: Path, number: signal.Signals
) -> None:
    log = tmp_path / "log"
    async with started([*PYTEST, FILE, *arguments(broker_rung)], folder, log) as process:
        await hangs(process, log, [1])
        assert len(of_folder(folder)) > 3, "the run, its reaper, its service, and its servers"
        reaper = reaper_of(process.pid)
        for unheard in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            reaper.send_signal(unheard)
        process.send_signal(number)
    assert process.returncode != 0


async def test_nothing_is_left_of_a_test_run_in_workers(broker_rung: Rung, folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with started([*PYTEST, FILE, *arguments(broker_rung, "-n", "2")], folder, log) as process:
        await hangs(process, log, [1, 2])
        process.kill()


async def test_nothing_is_left_when_a_worker_is_killed(broker_rung: Rung, folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [*PYTEST, FILE, *arguments(broker_rung, "-n", "1", "--maxfail", "1", "--max-worker-restart", "0")]
    async with started(command, folder, log) as process:
        await hangs(process, log, [1])
        [worker] = {*psutil.Process(process.pid).children()} - {reaper_of(process.pid)}
        worker.kill()
    assert "test_with_servers" in log.read_text(), "the run tells which test the worker had"


async def test_nothing_is_left_when_make_is_told_to_stop(broker_rung: Rung, folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [*MAKE, f"TIERS={FILE}", f"ARGS={' '.join(arguments(broker_rung))}", "WORKERS=2"]
    async with started(command, folder, log) as process:
        await hangs(process, log, [1])
        process.terminate()
    assert process.returncode != 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("words", ["starting PostgreSQL", '{"ready"'])
async def test_nothing_is_left_of_a_demo(folder: Path, tmp_path: Path, number: signal.Signals, words: str) -> None:
    log = tmp_path / "log"
    async with started([PROGRAM, "demo", "--keep"], folder, log) as process:
        await eventually(lambda: words in log.read_text(), deadline=SECONDS, what=words)
        process.send_signal(number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_the_data_folder_is_left_of_a_dev(
    broker_rung: Rung, folder: Path, tmp_path: Path, number: signal.Signals
) -> None:
    log, data = tmp_path / "log", tmp_path / "data"
    broker = "apache" if broker_rung.kind == "apache" else "tansu"
    async with started([PROGRAM, "dev", "--data-dir", data, "--broker", broker], folder, log) as process:
        await eventually(lambda: '{"ready"' in log.read_text(), deadline=SECONDS, what="the ready line")
        process.send_signal(number)
    assert (data / "postgres" / "data" / "PG_VERSION").exists()
