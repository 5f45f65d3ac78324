"""The commands of a soak: small commands to a few thousand codes, of which only one number each has to be stored.

The id of a command is `code.number.kind`, with numbers from 1 for each code. The first one creates the code. Kind "a"
must be accepted and writes its own number as the description; kind "r" names a branch that does not exist.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from random import Random

import orjson

from service.contract.catalogue import wire_type
from service.contract.topics import Topics
from tests.support.checker.evidence import Seen, Sent
from tests.support.driver import Driver

SOURCE = "/soak"
ORGANIZATION, ROLE = "armstrong", "producer"
REJECTED, AGAIN = 0.03, 0.02
"""The shares of commands that must be rejected, and of commands that are sent twice."""
RECENT = 500
CHUNK = 64
LATE_SECONDS = 1.0
_CREATE, _UPDATE = (wire_type(f"producer-code.{verb}").encode() for verb in ("create", "update"))


def code_id(code: int) -> str:
    """Return the id of a code."""
    return f"soak-code-{code}"


def is_code(seen: Seen) -> bool:
    """Return whether a record of any topic concerns such a code."""
    return (seen.key or b"").startswith(b"soak-code-")


class Sender:
    """Sends commands to its own part of the codes; `numbers` are the last sent numbers by code."""

    def __init__(self, topics: Topics, codes: range, seed: str) -> None:
        self._topic = topics.commands
        self._codes = codes
        self._random = Random(seed)
        self._recent: deque[Sent] = deque(maxlen=RECENT)
        self._fresh: Iterator[int] = iter(codes)
        self.numbers = dict.fromkeys(codes, 0)
        self._stopped = False

    def next(self) -> Sent:
        """Return the next record: first each code is created, then random ones are changed."""
        if len(self._recent) == RECENT and self._random.random() < AGAIN:
            return self._recent[self._random.randrange(RECENT)]
        code = next(self._fresh, None)
        if code is None:
            code = self._codes[self._random.randrange(len(self._codes))]
        self.numbers[code] += 1
        record = self._record(code, self.numbers[code])
        self._recent.append(record)
        return record

    def _record(self, code: int, number: int) -> Sent:
        subject = code_id(code)
        data: dict[str, object] = {"description": str(number)}
        kind = "a"
        if number == 1:
            data |= {"code": f"SOAK-{code}", "organization": {"id": ORGANIZATION}, "roles": [{"id": ROLE}]}
        elif self._random.random() < REJECTED:
            kind = "r"
            data |= {"branch": {"id": "nowhere"}}
        headers = (
            ("ce_specversion", b"1.0"),
            ("ce_id", f"{code}.{number}.{kind}".encode()),
            ("ce_source", SOURCE.encode()),
            ("ce_type", _CREATE if number == 1 else _UPDATE),
            ("ce_subject", subject.encode()),
        )
        return Sent("", self._topic, subject.encode(), orjson.dumps(data), headers)

    def stop(self) -> None:
        """Stop sending."""
        self._stopped = True

    async def run(self, driver: Driver, rate: float, until: float) -> None:
        """Send `rate` records per second until a time on the monotonic clock, as fast as possible for 0.

        Records that could not be sent in time are not sent later: the load is constant, without a burst after a fault.
        """
        due = time.monotonic()
        while (now := time.monotonic()) < until and not self._stopped:
            if rate and due > now:
                await asyncio.sleep(due - now)
            await driver.send([self.next() for _ in range(CHUNK)])
            if rate:
                due = max(due + CHUNK / rate, time.monotonic() - LATE_SECONDS)
