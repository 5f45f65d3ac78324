"""Alerts and dashboard use metrics and labels that exist, and each alert has tests and a section of the runbook."""

import re
from functools import cache
from typing import Any

import pytest
import yaml

from service.cli.composition import parts_of
from service.cli.metric_table import declared, table
from service.contract.message import SHARDS
from tests.support.deploy import DEPLOY, alerts, panels
from tests.support.document import anchors
from tests.support.promql import Use, uses

RUNBOOK = (DEPLOY / "runbook.md").read_text()
EVERYWHERE = {"instance", "job"}
"""Labels that Prometheus adds to every series."""
LABELS = {
    series: {*metric.labels, *EVERYWHERE, *(["le"] if series.endswith("_bucket") else [])}
    for metric in declared()
    for series in metric.series
}
LABELS["up"] = EVERYWHERE


def wrong(expression: str) -> list[str]:
    """Return what an expression uses that no process exposes."""
    found = []
    for use in uses(expression):
        if use.series not in LABELS:
            found.append(f"there is no series {use.series}")
        else:
            found += [f"{use.series} has no label {label}" for label in sorted(use.labels - LABELS[use.series])]
    return found


@cache
def cases() -> list[dict[str, Any]]:
    """Return all tests of alert rules."""
    tests = [
        test for file in sorted(DEPLOY.glob("alerts*.test.yaml")) for test in yaml.safe_load(file.read_text())["tests"]
    ]
    return [case for test in tests for case in test["promql_expr_test"]]


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_uses_series_and_labels_that_exist(rule: dict[str, Any]) -> None:
    assert wrong(rule["expr"]) == []


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_a_panel_uses_series_and_labels_that_exist(panel: dict[str, Any]) -> None:
    assert [wrong(target["expr"]) for target in panel["targets"]] == [[]] * len(panel["targets"])
    for target in panel["targets"]:
        used = {label for use in uses(target["expr"]) for label in use.labels}
        assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= used, (
            "the legend names a label that is not kept"
        )


def test_every_metric_is_in_the_dashboard_or_in_an_alert() -> None:
    expressions = [rule["expr"] for rule in alerts()] + [t["expr"] for panel in panels() for t in panel["targets"]]
    used = {use.series for expression in expressions for use in uses(expression)}
    assert [metric.name for metric in declared() if not used & set(metric.series)] == []


def test_the_texts_of_an_alert_name_labels_that_its_expression_keeps() -> None:
    for rule in alerts():
        used = {label for use in uses(rule["expr"]) for label in use.labels} | EVERYWHERE
        assert set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])) <= used, rule["alert"]
        assert rule["labels"]["severity"] in {"page", "ticket"}


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not(rule: dict[str, Any]) -> None:
    fires = any(
        f'alertname="{rule["alert"]}"' in sample["labels"] for case in cases() for sample in case["exp_samples"]
    )
    silent = any(not case["exp_samples"] and rule["alert"] in re.findall(r"\w+", case["expr"]) for case in cases())
    assert (fires, silent) == (True, True)


def test_the_alert_about_shards_knows_their_number() -> None:
    [rule] = [rule for rule in alerts() if rule["alert"] == "RegistryNobodyPublishes"]
    assert rule["expr"].endswith(f"< {SHARDS}")


def test_each_alert_has_a_section_of_the_runbook_and_each_section_an_alert() -> None:
    names = [rule["alert"] for rule in alerts()]
    assert re.findall(r"^### (Registry\w+)$", RUNBOOK, re.MULTILINE) == names
    for rule in alerts():
        path, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert (path, anchor) == ("deploy/runbook.md", rule["alert"].lower())
        assert anchor in anchors(RUNBOOK)


def test_each_part_of_readiness_has_a_section_of_the_runbook_and_each_section_a_part() -> None:
    assert sorted(re.findall(r"^### Part `(\w+)`$", RUNBOOK, re.MULTILINE)) == sorted([*parts_of("all"), "process"])


def test_the_runbook_names_alerts_and_metrics_that_exist() -> None:
    assert set(re.findall(r"\bRegistry[A-Z]\w+", RUNBOOK)) <= {rule["alert"] for rule in alerts()}
    named = set(re.findall(r"\bproducer_registry_[a-z_]+", RUNBOOK)) - {"producer_registry_outbox"}
    assert named <= set(LABELS)


def test_the_table_of_metrics_is_what_the_program_generates() -> None:
    written = (DEPLOY / "metrics.md").read_text()
    assert written == table(), "write it again: python -m service.cli.metric_table > deploy/metrics.md"


def test_names_follow_the_conventions_of_prometheus() -> None:
    for metric in declared():
        assert metric.name.startswith("producer_registry_")
        assert metric.name.endswith("_total") == (metric.type == "counter"), metric.name
        assert not re.search(r"milli|_ms\b|minutes|hours|kilobytes", metric.name), "base units"


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("sum by (shard) (producer_registry_relays)", ["producer_registry_relays has no label shard"]),
        (
            'rate(producer_registry_commands_total{kind="x"}[5m])',
            ["producer_registry_commands_total has no label kind"],
        ),
        ("producer_registry_commands", ["there is no series producer_registry_commands"]),
        ("up > on (part) max by (part) (producer_registry_ready)", ["up has no label part"]),
        ("histogram_quantile(0.5, sum by (le) (producer_registry_batch_seconds_bucket))", []),
    ],
)
def test_a_wrong_series_or_label_is_found(expression: str, found: list[str]) -> None:
    assert wrong(expression) == found


def test_all_labels_and_selected_values_of_an_expression_are_found() -> None:
    expression = 'sum by (a) (rate(x_total{b="1", c=~"2"}[5m])) / on (a) -(y) or max_over_time(z[1d:5m]) * 2'
    assert uses(expression) == [
        Use("x_total", frozenset("abc"), (("b", "1"),)),
        Use("y", frozenset("a"), ()),
        Use("z", frozenset(), ()),
    ]
