"""Connection options of every Kafka client of the service."""

from typing import Any

from aiokafka.helpers import create_ssl_context

from consumers.kafka.aiokafka_workarounds import pace_metadata, treat_closed_as_lost
from service.settings import Settings

CLIENT_ID = "producer-registry"
REQUEST_TIMEOUT_MS = 15_000

treat_closed_as_lost()
pace_metadata()


def connection(settings: Settings) -> dict[str, Any]:
    """Return the options that aiokafka's consumer, producer and admin client share."""
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
        options["ssl_context"] = create_ssl_context(
            cafile=settings.kafka_ssl_cafile or None,
            certfile=settings.kafka_ssl_certfile or None,
            keyfile=settings.kafka_ssl_keyfile or None,
        )
    return options
