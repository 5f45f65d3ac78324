"""Logs are JSON lines, and metrics have names of one kind."""

import json
import logging
import re
from collections.abc import Iterator

import pytest
import structlog

from service.telemetry import REGISTRY, RateLimitFilter, configure_logs, log


@pytest.fixture
def logs() -> Iterator[None]:
    """Logging as it was before the test, after it."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before[0], before[1]
    structlog.reset_defaults()


@pytest.mark.usefixtures("logs")
def test_every_line_is_json_whoever_wrote_it(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info")
    log("ours").info("decided", commands=3)
    logging.getLogger("theirs").warning("slow: %s", "disk", extra={"node": 1})
    log("ours").debug("not of interest")
    try:
        raise ValueError("wrong")
    except ValueError:
        log("ours").exception("defect")

    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["logger"], line["level"], line["event"]) for line in said] == [
        ("ours", "info", "decided"),
        ("theirs", "warning", "slow: disk"),
        ("ours", "error", "defect"),
    ]
    assert (said[0]["commands"], said[1]["node"]) == (3, 1)
    assert "ValueError: wrong" in said[2]["exception"]


def test_the_kafka_client_is_observed_seldom_when_it_repeats_itself() -> None:
    now = [0.0]
    seldom = RateLimitFilter(seconds=10, monotonic=lambda: now[0])

    def observed(name: str, message: str) -> bool:
        return seldom.filter(logging.LogRecord(name, logging.ERROR, "", 0, message, ("detail",), None))

    assert [observed("aiokafka.conn", "cannot connect %s") for _ in range(3)] == [True, False, False]
    assert observed("aiokafka.conn", "something else %s")
    assert [observed("consumers.relay.relay", "our own %s") for _ in range(2)] == [True, True]
    assert [observed("consumers.faststream", "topics are not created") for _ in range(2)] == [True, False]
    now[0] = 10.0
    assert observed("aiokafka.conn", "cannot connect %s")


def test_each_word_of_the_kafka_client_is_observed_once_in_half_a_minute() -> None:
    now = [0.0]
    seldom = RateLimitFilter(monotonic=lambda: now[0])
    observed = 0
    for now[0] in range(30):
        observed += seldom.filter(logging.LogRecord("aiokafka", logging.ERROR, "", 0, "cannot connect %s", (), None))
    assert observed == 1


def test_every_metric_has_the_prefix_and_a_meaning() -> None:
    ours = [metric for metric in REGISTRY.collect() if not metric.name.startswith(("python_", "process_"))]
    assert len(ours) > 10
    for metric in ours:
        assert re.fullmatch(r"producer_registry_[a-z_]+", metric.name), metric.name
        assert metric.documentation, metric.name
