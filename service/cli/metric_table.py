"""The table of all metrics: `python -m service.cli.metric_table > deploy/metrics.md` writes it again."""

from dataclasses import dataclass
from typing import Final

from prometheus_client.metrics import MetricWrapperBase

from service import telemetry

HEAD: Final = """\
# Metrics

This file is generated: `python -m service.cli.metric_table > deploy/metrics.md`.

- `GET /metrics` on the admin port has these metrics, and those of the Python client library (`process_…`, `python_…`).
- The names follow the conventions of Prometheus: base units, and the endings `_total`, `_seconds` and `_info`.
- A histogram has the series `…_bucket`, `…_sum` and `…_count`.
- Labels have few values: none has values that senders or callers choose freely.
- Counters with known label values begin at 0 in the processes that count them.

| metric | type | labels | meaning |
|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Declared:
    """A metric: the name as alerts and dashboards use it (of a histogram the common part), its labels and meaning."""

    name: str
    type: str
    labels: tuple[str, ...]
    meaning: str

    @property
    def series(self) -> tuple[str, ...]:
        """The names of its series."""
        suffixes = ("_bucket", "_sum", "_count") if self.type == "histogram" else ("",)
        return tuple(f"{self.name}{suffix}" for suffix in suffixes)


def declared() -> list[Declared]:
    """Return all metrics of the service in the order of their declarations."""
    return [_declared(metric) for metric in vars(telemetry).values() if isinstance(metric, MetricWrapperBase)]


def _declared(metric: MetricWrapperBase) -> Declared:
    kind = str(metric._type)
    suffix = {"counter": "_total", "info": "_info"}.get(kind, "")
    # The labels of an info metric are its content.
    labels = ("version",) if metric is telemetry.BUILD else tuple(metric._labelnames)
    return Declared(f"{metric._name}{suffix}", kind, labels, metric._documentation)


def table() -> str:
    """Return the text of deploy/metrics.md."""
    rows = []
    for metric in declared():
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        rows.append(f"| `{metric.name}` | {metric.type} | {labels} | {metric.meaning} |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    print(table(), end="")
