"""An HTTP/1.1 client that requests the account's producer codes for a while, as a separate process.

`python -m tests.load.reads PORT CONNECTIONS SECONDS TOKENS [RATE]` (a file, one token per line); prints JSON.
Connections are kept alive, each has one request at a time, bodies are read and discarded; any status but 200 is an
error. RATE limits the requests per second.
"""

import random
import sys
from functools import partial
from pathlib import Path

import orjson
import uvloop

from tests.load.http_connection import HOST, send

PATH = "/account/v1/producer-codes"


def main() -> None:
    """Parse the arguments, run, and print the result."""
    port, connections, seconds, tokens, *rate = sys.argv[1:6]
    requests = [
        f"GET {PATH} HTTP/1.1\r\nHost: {HOST}:{port}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        for token in Path(tokens).read_text().split()
    ]
    sources = [partial(random.Random(number).choice, requests) for number in range(int(connections))]
    figures = uvloop.run(send(int(port), sources, 200, float(seconds), *map(float, rate)))
    sys.stdout.write(orjson.dumps(figures).decode())


if __name__ == "__main__":
    main()
