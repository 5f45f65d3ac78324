"""A collector of traces for tests: it accepts OTLP over HTTP on a free port of 127.0.0.1."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.thread_server import thread_server


@dataclass(frozen=True)
class CollectedSpan:
    """A span as it was exported; ids are hexadecimal, and `parent` is empty for the first span of a trace."""

    name: str
    kind: int
    trace: str
    id: str
    parent: str
    attributes: dict[str, str]
    links: frozenset[str]


@dataclass
class Collector:
    """The spans that arrived so far; `url` is the endpoint."""

    url: str = ""
    spans: list[CollectedSpan] = field(default_factory=list)

    def of(self, trace: str, name: str = "") -> list[CollectedSpan]:
        """Return the spans of a trace whose names begin with a text."""
        return [span for span in self.spans if span.trace == trace and span.name.startswith(name)]

    def add(self, raw: bytes) -> None:
        """Add the spans of a request."""
        for resource in ExportTraceServiceRequest.FromString(raw).resource_spans:
            for scope in resource.scope_spans:
                self.spans += [
                    CollectedSpan(
                        span.name,
                        span.kind,
                        span.trace_id.hex(),
                        span.span_id.hex(),
                        span.parent_span_id.hex(),
                        {pair.key: pair.value.string_value for pair in span.attributes},
                        frozenset(link.span_id.hex() for link in span.links),
                    )
                    for span in scope.spans
                ]


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            collector.add(gzip.decompress(raw) if self.headers["Content-Encoding"] == "gzip" else raw)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with thread_server(Handler) as url:
        collector.url = f"{url}/v1/traces"
        yield collector
