"""What an attack knows about the service that it attacks, and what it reports."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.support.issuer import Issuer


@dataclass(frozen=True, slots=True)
class Target:
    """A service process under attack. `port` is the attacked one; `key` is the issuer's private key as PEM.

    An attack lasts `seconds` at most, and has a smaller number of requests if `short`.
    """

    port: int
    api_port: int
    admin_port: int
    seconds: float
    short: bool
    log: str
    database_url: str
    kafka_bootstrap_servers: str
    topic_prefix: str
    codes: int
    caller: str
    key: str

    @property
    def is_admin(self) -> bool:
        """Whether the admin port is attacked."""
        return self.port == self.admin_port

    def count(self, full: int, short: int) -> int:
        """Return the number of requests, connections or bytes for the length of this run."""
        return short if self.short else full

    def turns(self, full: int, short: int) -> Iterator[int]:
        """Yield 0, 1, 2 … until the count or the time is over. Several workers may share the iterator."""
        end = time.monotonic() + self.seconds
        for number in range(self.count(full, short)):
            if time.monotonic() > end:
                return
            yield number

    def token(self, **claims: Any) -> str:
        """Return a valid token of the caller with these changes of its claims, such as `scope`."""
        return self.issuer().token(**{"sub": self.caller, **claims})

    def issuer(self) -> Issuer:
        """Return the issuer that the service trusts."""
        key = load_pem_private_key(self.key.encode(), None)
        assert isinstance(key, EllipticCurvePrivateKey)
        issuer = Issuer()
        issuer.keys["ec"] = key
        return issuer


@dataclass(slots=True)
class Got:
    """What the attacker got: results by name with their numbers, remarks, and what contradicts the expectation."""

    counts: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)

    def expect(self, condition: bool, otherwise: str) -> None:
        """Note what is unexpected unless the condition holds."""
        if not condition:
            self.unexpected.append(otherwise)

    def expect_only(self, *names: str) -> None:
        """Expect at least one result, and no others than these."""
        others = sorted(self.counts.keys() - set(names))
        self.expect(not others, f"{', '.join(others)} instead of {' or '.join(names)}")
        self.expect(bool(self.counts), "no result")

    def __str__(self) -> str:
        counts = [f"{name}: {count:,}" for name, count in sorted(self.counts.items())]
        return ", ".join([*counts, *self.remarks])


async def workers(work: Callable[[int], Awaitable[None]], turns: Iterable[int], count: int) -> None:
    """Do the work of all turns in this many concurrent tasks."""
    numbers = iter(turns)

    async def worker() -> None:
        for number in numbers:
            await work(number)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(count):
            tasks.create_task(worker())


async def paced(turns: Iterable[int], per_second: float) -> AsyncIterator[int]:
    """Yield the turns at a constant rate."""
    begin = time.monotonic()
    for number in turns:
        await asyncio.sleep(max(0.0, begin + number / per_second - time.monotonic()))
        yield number
