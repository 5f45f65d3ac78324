"""The export of traces to a collector, with the protocol OTLP over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from service.settings import InvalidSettings, Settings, variable
from service.version import VERSION

if TYPE_CHECKING:
    from service.tracing import Tracing

EXPORT_SECONDS: Final = 2


@contextmanager
def exported_tracing(settings: Settings) -> Iterator[Tracing | None]:
    """Yield the traces of a process, or None without a collector. Spans that are left are sent at the end.

    A collector that does not answer loses spans and delays nothing else. Raises InvalidSettings without OpenTelemetry.
    """
    if not settings.traces_endpoint:
        yield None
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        from service.tracing import Tracing
    except ModuleNotFoundError as error:
        problem = f"{variable('traces_endpoint')} requires OpenTelemetry: install producer-registry[traces]"
        raise InvalidSettings([problem]) from error
    resource = Resource.create({"service.name": "producer-registry", "service.version": VERSION})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(settings.traces_endpoint, timeout=EXPORT_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield Tracing(provider, settings.traces_per_second)
    finally:
        # It exports what is left, within the time-out of the exporter.
        provider.shutdown()
