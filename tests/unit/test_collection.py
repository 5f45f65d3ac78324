"""Which tests a run on Apache Kafka has."""

import subprocess
import sys
from pathlib import Path

from tests.support.program import environment

ROOT = Path(__file__).parents[2]
WITHOUT, WITH = FILES = ("tests/acceptance/test_demo.py", "tests/acceptance/test_outbox.py")


def collected(*options: str) -> set[str]:
    """The files whose tests pytest collects with these options."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "-q", *options, *FILES]
    done = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, text=True, check=True)
    return {line.partition("::")[0] for line in done.stdout.splitlines() if "::" in line}


def test_tests_that_do_not_use_the_broker_are_left_out_on_apache_kafka() -> None:
    assert collected() == {WITHOUT, WITH}
    assert collected("--broker", "apache") == {WITH}
