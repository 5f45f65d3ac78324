"""What users read about errors has no class, tuple or enum of Python."""

import pytest
from click.testing import CliRunner

from service.cli.error_text import error_text
from service.cli.main import cli


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "Kafka at a:1: KafkaConnectionError: Unable to bootstrap from [('a', 1, <AddressFamily.AF_UNSPEC: 0>)];"
            " last error: a:1: gaierror: [Errno -2] Name or service not known",
            "Kafka at a:1: Unable to bootstrap from [a:1]; last error: a:1: Name or service not known",
        ),
        (
            "OSError: Multiple exceptions: [Errno 111] Connect call failed ('::1', 5432, 0, 0),"
            " [Errno 111] Connect call failed ('127.0.0.1', 5432)",
            "Multiple exceptions: Connection refused: ::1:5432, Connection refused: 127.0.0.1:5432",
        ),
        (
            'InvalidPasswordError: password authentication failed for user "u"',
            'password authentication failed for user "u"',
        ),
        ("Kafka at a:1: TimeoutError", "Kafka at a:1: no answer in time"),
        ("no Error: of a class", "no Error: of a class"),
    ],
)
def test_the_notation_of_python_is_removed(text: str, shown: str) -> None:
    assert error_text(Exception(text)) == shown


def test_an_error_without_a_text_has_its_name() -> None:
    assert error_text(TimeoutError()) == "no answer in time"
    assert error_text(KeyError()) == "KeyError"


DATABASE = ("--database-url", "postgresql://u:p@127.0.0.1:1/d")
KAFKA = ("--kafka-bootstrap-servers", "127.0.0.1:1")


@pytest.mark.parametrize(
    "command",
    [
        ("tail", "events", *KAFKA),
        ("topics", "check", *KAFKA),
        ("dead-letters", "list", *KAFKA),
        ("load", "--count", "1", *KAFKA),
        ("migrate", *DATABASE),
        ("outbox", "list", *DATABASE),
        ("resend", *DATABASE),
        ("health", "--admin-port", "1"),
        ("doctor", *KAFKA, *DATABASE),
    ],
    ids=lambda command: command[0],
)
def test_no_command_shows_the_notation_of_python(command: tuple[str, ...]) -> None:
    outcome = CliRunner().invoke(cli, command)
    assert outcome.exit_code == 1
    for notation in ("('", "AddressFamily", "Errno", "Exception", "ConnectionError", "RefusedError"):
        assert notation not in outcome.output
    assert "127.0.0.1:1" in outcome.output
