"""The certificates and the key of TLS connections to Kafka, read from the files of the settings."""

import ssl
from pathlib import Path

from aiokafka.helpers import create_ssl_context

from service.settings import InvalidSettings, Settings, variable

FILES = ("kafka_ssl_cafile", "kafka_ssl_certfile", "kafka_ssl_keyfile")


def ssl_context(settings: Settings) -> ssl.SSLContext:
    """Return the context of TLS connections. Raises InvalidSettings, which names the setting and the file."""
    problems = [problem for field in FILES if (problem := _unreadable(field, getattr(settings, field))) is not None]
    if problems:
        raise InvalidSettings(problems)
    try:
        context: ssl.SSLContext = create_ssl_context(cafile=settings.kafka_ssl_cafile or None)
    except (ssl.SSLError, ValueError) as error:
        raise InvalidSettings([_unusable("kafka_ssl_cafile", settings, "certificate in PEM format", error)]) from None
    if settings.kafka_ssl_certfile:
        try:
            context.load_cert_chain(settings.kafka_ssl_certfile, settings.kafka_ssl_keyfile, _no_password)
        except (ssl.SSLError, ValueError) as error:
            with_key = f"certificate in PEM format with the key in {settings.kafka_ssl_keyfile}"
            raise InvalidSettings([_unusable("kafka_ssl_certfile", settings, with_key, error)]) from None
    return context


def _unreadable(field: str, path: str) -> str | None:
    if not path:
        return None
    try:
        Path(path).read_bytes()
    except (OSError, ValueError) as error:
        return f"{variable(field)}: cannot read {path}: {getattr(error, 'strerror', None) or error}"
    return None


def _unusable(field: str, settings: Settings, expected: str, error: Exception) -> str:
    return f"{variable(field)}: {getattr(settings, field)} has no {expected}: {error}"


def _no_password() -> str:
    # Without this function, OpenSSL asks for the password on the terminal.
    raise ValueError("the key is encrypted; decrypt it first, for example with `openssl pkey`")
