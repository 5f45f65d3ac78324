"""Logs are JSON lines, and metric names have a common prefix."""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog

from service.log_configuration import RateLimitFilter, configure_logs, log, warn_on_stderr
from service.telemetry import REGISTRY


@pytest.fixture
def logs() -> Iterator[None]:
    """Restore the log configuration after the test."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before[0], before[1]
    structlog.reset_defaults()
    warn_on_stderr()


@pytest.mark.usefixtures("logs")
def test_lines_of_the_service_and_of_libraries_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info")
    log("ours").info("decided", commands=3)
    logging.getLogger("theirs").warning("slow: %s", "disk", extra={"node": 1})
    log("ours").debug("not of interest")
    try:
        raise ValueError("wrong")
    except ValueError:
        log("ours").exception("defect")

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["logger"], line["level"], line["event"]) for line in lines] == [
        ("ours", "info", "decided"),
        ("theirs", "warning", "slow: disk"),
        ("ours", "error", "defect"),
    ]
    assert (lines[0]["commands"], lines[1]["node"]) == (3, 1)
    assert "ValueError: wrong" in lines[2]["exception"]


def test_commands_that_are_no_service_print_warnings_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    warn_on_stderr()
    log("ours").info("not of interest")
    log("ours").warning("switched_off", reason="it is old")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "event='switched_off' reason='it is old'\n")


def test_modules_that_are_imported_later_do_not_change_the_configuration() -> None:
    code = (
        "from service.log_configuration import configure_logs; configure_logs('info');"
        "from service.telemetry import log; log('ours').info('decided')"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(ran.stderr)["event"] == "decided"


def test_repeated_messages_of_the_kafka_client_are_logged_once_per_interval() -> None:
    now = [0.0]
    rate_limit = RateLimitFilter(seconds=10, monotonic=lambda: now[0])

    def is_logged(name: str, message: str) -> bool:
        return rate_limit.filter(logging.LogRecord(name, logging.ERROR, "", 0, message, ("detail",), None))

    assert [is_logged("aiokafka.conn", "cannot connect %s") for _ in range(3)] == [True, False, False]
    assert is_logged("aiokafka.conn", "something else %s")
    assert [is_logged("consumers.relay.relay", "our own %s") for _ in range(2)] == [True, True]
    assert [is_logged("consumers.faststream", "topics are not created") for _ in range(2)] == [True, False]
    now[0] = 10.0
    assert is_logged("aiokafka.conn", "cannot connect %s")


def test_a_message_of_the_kafka_client_is_logged_once_in_half_a_minute_by_default() -> None:
    now = [0.0]
    rate_limit = RateLimitFilter(monotonic=lambda: now[0])
    logged = 0
    for now[0] in range(30):
        logged += rate_limit.filter(logging.LogRecord("aiokafka", logging.ERROR, "", 0, "cannot connect %s", (), None))
    assert logged == 1


def test_every_metric_has_the_prefix_and_a_description() -> None:
    ours = [metric for metric in REGISTRY.collect() if not metric.name.startswith(("python_", "process_"))]
    assert len(ours) > 10
    for metric in ours:
        assert re.fullmatch(r"producer_registry_[a-z_]+", metric.name), metric.name
        assert metric.documentation, metric.name
