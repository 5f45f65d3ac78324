"""An HTTP/1.1 client that creates producer codes for a while, as a separate process.

`python -m tests.load.writes PORT CONNECTIONS SECONDS TOKENS PREFIX`; prints JSON. Each request has a code and a key of
its own, which begin with the prefix. Connections are kept alive, each has one request at a time; any status but 201 is
an error.
"""

import itertools
import random
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import orjson
import uvloop

from tests.load import people
from tests.load.http_connection import HOST, send

PATH = "/admin/v1/producer-codes"


def creates(port: int, number: int, prefix: str, tokens: list[str]) -> Callable[[], bytes]:
    """Return the source of the requests of a connection."""
    return partial(_create, port, f"{prefix}-{number}", tokens, random.Random(number), itertools.count())


def _create(port: int, prefix: str, tokens: list[str], chance: random.Random, numbers: "itertools.count[int]") -> bytes:
    name = f"{prefix}-{next(numbers)}"
    attributes = {
        "code": f"H-{name}",
        "organization": {"id": people.organization(chance.randrange(people.ORGANIZATIONS))},
        "roles": [{"id": people.role(n)} for n in chance.sample(range(people.ROLES), 2)],
        "branch": {"id": people.branch(chance.randrange(people.BRANCHES))},
    }
    body = orjson.dumps({"data": {"attributes": attributes}})
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {HOST}:{port}\r\nAuthorization: Bearer {chance.choice(tokens)}\r\n"
        f"Idempotency-Key: {name}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def main() -> None:
    """Parse the arguments, run, and print the result."""
    port, connections, seconds, tokens, prefix = sys.argv[1:6]
    callers = Path(tokens).read_text().split()
    sources = [creates(int(port), number, prefix, callers) for number in range(int(connections))]
    figures = uvloop.run(send(int(port), sources, 201, float(seconds)))
    sys.stdout.write(orjson.dumps(figures).decode())


if __name__ == "__main__":
    main()
