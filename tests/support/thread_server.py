"""HTTP servers of tests that run in a thread of the test process, on a free port of 127.0.0.1."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@contextmanager
def thread_server(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Run a server, and yield its URL without a path. It is stopped when the block ends."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
