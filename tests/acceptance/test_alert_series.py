"""A running process exposes the series that alerts and dashboard use, with all labels and values that they select."""

from prometheus_client.samples import Sample

from tests.support.deploy import alerts, panels
from tests.support.measured import exposed
from tests.support.process import health
from tests.support.promql import Use, uses
from tests.support.registry import Registry
from tests.support.wait import eventually

PROMETHEUS = {"instance", "job"}
"""Labels that Prometheus adds; it also adds the series `up`."""


def is_exposed(use: Use, samples: list[Sample]) -> bool:
    """Return whether one of the samples is what an expression uses."""
    wanted = use.labels - PROMETHEUS
    return any(
        sample.name == use.series
        and dict(use.selected).items() <= sample.labels.items()
        and wanted <= set(sample.labels)
        for sample in samples
    )


async def test_every_series_of_alerts_and_dashboard_is_exposed_by_a_running_process(
    registry: Registry, topic_prefix: str
) -> None:
    missing_topic = f"{topic_prefix}-missing"
    service = await registry.started(reply_topics=missing_topic)
    await registry.command("organization.put", "o:1", {"displayName": "One"}, id="1", replyto=missing_topic)
    await registry.command("organization.put", "o:1", {}, id="2")
    await registry.send(registry.topics.commands, b"key", b"{")
    await health(service.api_port, "/account/v1/producer-codes")

    expressions = [rule["expr"] for rule in alerts()] + [t["expr"] for panel in panels() for t in panel["targets"]]
    used = {use for expression in expressions for use in uses(expression) if use.series != "up"}

    async def are_exposed() -> bool:
        samples = await exposed(service.admin_port)
        assert [use for use in used if not is_exposed(use, samples)] == []
        return True

    await eventually(are_exposed, deadline=90, what="the series")
    assert len(used) > 50

    samples = await exposed(service.admin_port)
    values = {(s.name, tuple(sorted(s.labels.items()))): s.value for s in samples}
    outcome = "producer_registry_command_outcomes_total"
    assert values[outcome, (("outcome", "accepted"), ("type", "organization.put"))] == 1
    assert values[outcome, (("outcome", "rejected"), ("type", "organization.put"))] == 1
    assert values["producer_registry_rejections_total", (("code", "invalid"), ("source", "other"))] == 1
    assert values["producer_registry_dead_letters_total", (("reason", "not-a-cloudevent"),)] == 1
    assert [values["producer_registry_role_info", (("role", role),)] for role in ("consumers", "relay", "api")] == [
        1
    ] * 3
