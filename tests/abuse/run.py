"""One row: the service at rest, then under attack, and the verdict."""

import asyncio
import math
from dataclasses import dataclass

from tests.abuse.attacker import Attacker
from tests.abuse.observed import MEBIBYTE, Observed, Series, observed
from tests.abuse.row import Row
from tests.abuse.site import Site
from tests.abuse.target import Got
from tests.support.process import Service

SLOWER = 3.0
MOST_GROWTH_MIB = 60.0
SHORT_SECONDS = 0.5
SHORT_REST_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Result:
    """What was observed at rest and during an attack, and what the attacker got."""

    row: Row
    rest: Observed
    attack: Observed
    got: Got

    @property
    def growth(self) -> float:
        """The highest memory during the attack above that at rest, in MiB; not a number if the process ended."""
        if not self.rest.memory or not self.attack.memory:
            return math.nan
        return (max(self.attack.memory) - max(self.rest.memory)) / MEBIBYTE

    def failures(self, *, times: bool) -> list[str]:
        """Return what contradicts the acceptance, with or without the times of the caller."""
        failures = [
            f"{name}: {series.lost.total()} of {series.count} lost ({_reasons(series)})"
            for name, series in (
                ("caller", self.attack.caller),
                ("livez", self.attack.livez),
                ("readyz", self.attack.readyz),
            )
            if series.lost
        ]
        if not self.growth <= MOST_GROWTH_MIB:
            failures.append(f"memory grows by {self.growth:.0f} MiB")
        slow = self.attack.caller.milliseconds(0.99) > SLOWER * self.rest.caller.milliseconds(0.99)
        if times and slow and not self.row.information:
            failures.append(f"p99 is more than {SLOWER:g} times that at rest")
        return [*failures, *self.got.unexpected]


def _reasons(series: Series) -> str:
    return ", ".join(f"{reason}: {count}" for reason, count in sorted(series.lost.items()))


async def run(site: Site, service: Service, attacker: Attacker, row: Row, *, seconds: float, short: bool) -> Result:
    """Observe a process at rest for some seconds, and then while it is attacked."""
    port = service.admin_port if row.port == "admin" else service.api_port
    length = SHORT_SECONDS if short else max(seconds, row.minimum)
    target = site.target(service, port, seconds=length, short=short)
    if row.prepare is not None:
        await attacker.run(row.prepare, target)
    token = site.token
    async with observed(service, token) as rest:
        await asyncio.sleep(SHORT_REST_SECONDS if short else seconds)
    site.issuer.slow = row.slow_issuer
    try:
        async with observed(service, token) as during:
            got = await attacker.run(row.attack, target)
    finally:
        site.issuer.slow = False
    return Result(row, rest, during, got)
