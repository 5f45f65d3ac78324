"""The metrics of a running process, as a scraper reads them."""

import asyncio
import urllib.request

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from service.stack.port import HOST


async def measured(admin_port: int, name: str, **labels: str) -> float:
    """Return the value of a sample from /metrics on the admin port; 0 when there is none."""
    for sample in await exposed(admin_port):
        if sample.name == name and labels.items() <= sample.labels.items():
            return float(sample.value)
    return 0.0


async def exposed(admin_port: int) -> list[Sample]:
    """Return all samples from /metrics on the admin port."""
    text = await asyncio.to_thread(_read, f"http://{HOST}:{admin_port}/metrics")
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def _read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  # an address of this machine
        content: bytes = answer.read()
        return content.decode()
