"""Connection options of every Kafka client of the service."""

from typing import Any

from consumers.kafka.aiokafka_workarounds import pace_metadata, treat_closed_as_lost
from consumers.kafka.connection_error import report_connection_errors
from consumers.kafka.tls import ssl_context
from service.settings import Settings

CLIENT_ID = "producer-registry"
REQUEST_TIMEOUT_MS = 15_000

treat_closed_as_lost()
pace_metadata()
report_connection_errors()


def connection(settings: Settings) -> dict[str, Any]:
    """Return the options that aiokafka's consumer, producer and admin client share.

    Raises InvalidSettings when a certificate or key cannot be used.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap_servers,
        "client_id": CLIENT_ID,
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        "retry_backoff_ms": 100,
        "metadata_max_age_ms": 60_000,
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_security_protocol.startswith("SASL"):
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_sasl_username
        options["sasl_plain_password"] = settings.kafka_sasl_password.get_secret_value()
    if settings.kafka_security_protocol.endswith("SSL"):
        options["ssl_context"] = ssl_context(settings)
    return options
