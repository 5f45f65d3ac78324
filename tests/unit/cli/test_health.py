"""`health` says when another server answers on the port."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from service.cli.main import cli


@contextmanager
def answering(content: bytes) -> Iterator[int]:
    """The port of a server that sends these bytes to its first client."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection = listener.accept()[0]
            with connection:
                connection.recv(4096)
                connection.sendall(content)

        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def http(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    "content",
    [
        http("200 OK", "<html>"),
        http("404 Not Found", "<html>"),
        http("404 Not Found", ""),
        http("200 OK", "[]"),
        http("200 OK", '{"status": {}, "parts": []}'),
        b"\0\0\0\x04abcd",
        b"",
    ],
)
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_the_answer_of_another_server_is_an_error(content: bytes, options: tuple[str, ...]) -> None:
    with answering(content) as port:
        outcome = CliRunner().invoke(cli, ["health", "--admin-port", str(port), *options])
    assert isinstance(outcome.exception, SystemExit)
    assert outcome.exit_code == 1
    assert outcome.stderr.startswith(f"Error: http://127.0.0.1:{port}/livez ")
    assert "check --admin-port" in outcome.stderr


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "x"])
@pytest.mark.parametrize("command", [("health",), ("load",), ("send", "-")])
def test_a_time_is_a_number_greater_than_zero(command: tuple[str, ...], seconds: str) -> None:
    outcome = CliRunner().invoke(cli, [*command, "--timeout", seconds])
    assert outcome.exit_code == 2
    assert f"Invalid value for '--timeout': {seconds} is not a number of seconds greater than 0" in outcome.stderr
