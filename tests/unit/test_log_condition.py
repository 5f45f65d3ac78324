"""Log lines: a condition that lasts has few of them, and events have stable names."""

import ast
import re
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from service.contract.trace import trace_id
from service.log_condition import REMINDER_SECONDS, LogCondition
from service.telemetry import log

ROOT = Path(__file__).parents[2]
LEVELS = {"debug", "info", "warning", "error", "exception"}
TRACE = "0af7651916cd43dd8448eb211c80319c"


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_condition_is_logged_when_it_begins_each_minute_and_when_it_ends() -> None:
    time = Time()
    condition = LogCondition(log(__name__), "away", "back", time)
    with capture_logs() as logs:
        condition.ended(part="a")
        for _ in range(4 * int(REMINDER_SECONDS)):
            condition.lasts(part="a")
            time.now += 0.5
        condition.ended(part="a")
        condition.ended(part="a")
        condition.lasts(part="b")
    lines = [(line["event"], line["log_level"], line["part"], line.get("seconds")) for line in logs]
    assert lines == [
        ("away", "warning", "a", None),
        ("away", "warning", "a", 60),
        ("back", "info", "a", 120),
        ("away", "warning", "b", None),
    ]


def test_a_condition_that_comes_and_goes_ends_after_a_quiet_time() -> None:
    time = Time()
    condition = LogCondition(log(__name__), "away", "back", time, quiet_seconds=10)
    with capture_logs() as logs:
        for _ in range(5):
            condition.lasts()
            time.now += 9
            condition.ended()
        time.now += 1
        condition.ended()
    assert [(line["event"], line.get("seconds")) for line in logs] == [("away", None), ("back", 46)]


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([("ce_id", b"1"), ("ce_traceparent", f"00-{TRACE}-b7ad6b7169203331-01".encode())], {"trace_id": TRACE}),
        ([(b"traceparent", f"00-{TRACE}-b7ad6b7169203331-00".encode())], {"trace_id": TRACE}),
        ([("ce_traceparent", f"01-{TRACE}-b7ad6b7169203331-00-more".encode())], {"trace_id": TRACE}),
        ([("ce_traceparent", b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01")], {}),
        ([("ce_traceparent", b"\xff")], {}),
        ([("ce_traceparent", None)], {}),
        ([], {}),
    ],
)
def test_a_line_has_the_trace_of_its_record_or_request(
    headers: list[tuple[str | bytes, bytes | None]], found: dict[str, str]
) -> None:
    assert trace_id(headers) == found


def test_events_have_stable_names() -> None:
    wrong = []
    count = 0
    for folder in ("service", "consumers"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                for event in _events(node):
                    count += 1
                    if not (isinstance(event, ast.Constant) and re.fullmatch("[a-z]+(_[a-z]+)+", str(event.value))):
                        wrong.append(f"{path.relative_to(ROOT)}: {ast.unparse(event)}")
    assert count > 30
    # The events that pass through this method are literals, too.
    assert wrong == ["service/http/connections.py: event"]


def _events(node: ast.AST) -> list[ast.expr]:
    """Return the arguments of a call that are names of events."""
    if not isinstance(node, ast.Call):
        return []
    match node.func:
        case ast.Attribute(value=ast.Name(id="_log"), attr=level) if level in LEVELS:
            return node.args[:1]
        case ast.Attribute(value=ast.Name(id="self"), attr="_log"):
            return node.args[:1]
        case ast.Name(id="LogCondition"):
            return node.args[1:3]
    return []
