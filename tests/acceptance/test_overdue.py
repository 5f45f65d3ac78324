"""A test that hangs fails with the place where it hangs, the tests after it are run, and nothing is left of the run."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.inner_run import PYTEST, arguments, started
from tests.support.ladder import Rung

pytestmark = pytest.mark.timeout(900)

FILE = "tests/acceptance/hanging.py"
HANGING = ("test_that_waits", "test_that_catches_everything", "test_that_blocks", "test_after_them")


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "workers"])
async def test_a_test_that_hangs_fails_with_its_place_and_the_next_one_is_run(
    tmp_path: Path, workers: Sequence[str]
) -> None:
    folder, log = tmp_path / "temporary", tmp_path / "log"
    folder.mkdir()
    names = [f"{FILE}::{name}" for name in HANGING]
    async with started([*PYTEST, *names, "-q", "--timeout", "3", *workers], folder, log) as process:
        pass
    printed = log.read_text()
    assert process.returncode == 1, printed
    assert "3 failed, 1 passed" in printed
    assert printed.count("Timeout (>3") >= 3
    for line in ("await waits_forever()", "threading.Event().wait()"):
        assert f">       {line}" in printed or f"        {line}" in printed, printed
    assert (tmp_path / "ended in order").exists(), "a cancelled test cleans up"


async def test_servers_of_a_test_that_hangs_are_stopped(broker_rung: Rung, tmp_path: Path) -> None:
    folder, log = tmp_path / "temporary", tmp_path / "log"
    folder.mkdir()
    words = arguments(broker_rung, "--timeout", "20", "-n", "2")
    async with started([*PYTEST, f"{FILE}::test_with_servers", *words], folder, log) as process:
        pass
    assert process.returncode == 1, log.read_text()
    assert "Timeout (>20" in log.read_text()
