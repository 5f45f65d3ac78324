"""The program of the benchmark ends with a message where a program is missing."""

import os
import subprocess
import sys
from pathlib import Path


def test_apache_kafka_without_java_is_a_message(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.load", "--broker", "apache", "--only", "write", "--out", str(tmp_path / "out")],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("make bench: Apache Kafka requires java, which is not on the PATH")
    assert "Traceback" not in ended.stderr
