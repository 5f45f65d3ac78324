"""An identity provider on 127.0.0.1 that does not complete its response, in one of several ways."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

from tests.support.certificate import HOST, Signed

DRIP_SECONDS = 0.01
HOP_SECONDS = 0.1


class SlowIssuer(ThreadingTCPServer):
    """Responds in the way of `WAYS` that `way` names; `keys` is the body of the way "keys".

    `requests` counts the requests, which begin with `seen`. `over` ends every response.
    """

    def __init__(self, way: str, keys: bytes = b"", *, signed: Signed | None = None) -> None:
        super().__init__((HOST, 0), _Handler)
        self.way = way
        self.keys = keys
        self.requests = 0
        self.over = threading.Event()
        self._tls = None if signed is None else ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if self._tls is not None and signed is not None:
            self._tls.load_cert_chain(signed.certificate, signed.key)

    @property
    def url(self) -> str:
        """The address of the key set."""
        return f"{'http' if self._tls is None else 'https'}://{HOST}:{self.server_address[1]}/jwks"

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection."""
        accepted, address = super().get_request()
        return (accepted if self._tls is None else self._tls.wrap_socket(accepted, server_side=True)), address

    def handle_error(self, *_: object) -> None:
        """Ignore clients that close their connections."""


class _Handler(StreamRequestHandler):
    server: SlowIssuer

    def handle(self) -> None:
        while self.rfile.readline().strip():
            # A header of the request.
            continue
        self.server.requests += 1
        WAYS[self.server.way](self)

    def write(self, data: bytes) -> None:
        """Send these bytes."""
        self.wfile.write(data)

    def drip(self, first: bytes = b"", piece: bytes = b"1") -> None:
        """Send these bytes, then a piece after a short time, for ever."""
        self.write(first)
        while not self.server.over.wait(DRIP_SECONDS):
            self.write(piece)

    def keys(self) -> None:
        """Send the keys."""
        self.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(self.server.keys), self.server.keys))

    def nothing(self) -> None:
        """Send nothing."""
        self.server.over.wait()

    def redirect(self, target: str, way: str) -> None:
        """Send a redirect after some time, and respond in this way from now on."""
        if not self.server.over.wait(HOP_SECONDS):
            self.server.way = way
            self.write(f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode())


WAYS: dict[str, Callable[[_Handler], None]] = {
    "keys": _Handler.keys,
    "silence": _Handler.nothing,
    "status line": lambda to: to.drip(b"HTTP/1.1 200 "),
    "header": lambda to: to.drip(b"HTTP/1.1 200 OK\r\nServer: "),
    "interim responses": lambda to: to.drip(piece=b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": lambda to: to.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"),
    "body without a length": lambda to: to.drip(b"HTTP/1.1 200 OK\r\n\r\n"),
    "chunks": lambda to: to.drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n1\r\n"),
    "body of an error": lambda to: to.drip(b"HTTP/1.1 503 Unavailable\r\nContent-Length: 1000000\r\n\r\n"),
    "body of a redirect": lambda to: to.drip(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 1000000\r\n\r\n"),
    "redirects": lambda to: to.redirect(f"/{to.server.requests}", "redirects"),
    "redirect to keys": lambda to: to.redirect("/keys", "keys"),
    "redirect to ftp": lambda to: to.redirect(to.server.url.replace("http:", "ftp:"), "keys"),
    "redirect to file": lambda to: to.redirect("file:///etc/hosts", "keys"),
}


@contextmanager
def slow_issuer(way: str, keys: bytes = b"", *, signed: Signed | None = None) -> Iterator[SlowIssuer]:
    """Provide a running issuer for the duration of the block."""
    with SlowIssuer(way, keys, signed=signed) as issuer:
        thread = threading.Thread(target=issuer.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield issuer
        finally:
            issuer.over.set()
            issuer.shutdown()
            thread.join()


@contextmanager
def unreachable() -> Iterator[int]:
    """Provide a port of 127.0.0.1 that neither accepts nor refuses connections: the queue of its server is full."""
    with socket.socket() as listening, socket.socket() as first:
        listening.bind((HOST, 0))
        listening.listen(0)
        first.connect(listening.getsockname())
        yield int(listening.getsockname()[1])
