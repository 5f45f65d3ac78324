"""The servers of the document: the brokers that an installation names in public, and how to log in to them."""

from __future__ import annotations

from typing import Any, Final

from service.settings import Settings

_SASL: Final = {"PLAIN": "plain", "SCRAM-SHA-256": "scramSha256", "SCRAM-SHA-512": "scramSha512"}
_DESCRIPTIONS: Final = {
    "plain": "SASL with the mechanism PLAIN; the operator gives user names and passwords.",
    "scramSha256": "SASL with the mechanism SCRAM-SHA-256; the operator gives user names and passwords.",
    "scramSha512": "SASL with the mechanism SCRAM-SHA-512; the operator gives user names and passwords.",
    "X509": "TLS with a client certificate.",
}


def servers(settings: Settings) -> dict[str, Any]:
    """Return the server objects by name; empty unless the settings name brokers for the document."""
    addresses = [address.strip() for address in settings.asyncapi_bootstrap_servers.split(",") if address.strip()]
    names = ["kafka"] if len(addresses) == 1 else [f"kafka{number}" for number in range(1, len(addresses) + 1)]
    return {name: _server(settings, address) for name, address in zip(names, addresses, strict=True)}


def security_schemes(settings: Settings) -> dict[str, Any]:
    """Return the security schemes of the servers by name."""
    return {scheme: {"type": scheme, "description": _DESCRIPTIONS[scheme]} for scheme in _schemes(settings)}


def _server(settings: Settings, address: str) -> dict[str, Any]:
    security = [{"$ref": f"#/components/securitySchemes/{scheme}"} for scheme in _schemes(settings)]
    return {
        "host": address,
        "protocol": "kafka-secure" if settings.kafka_security_protocol.endswith("SSL") else "kafka",
        "description": "A Kafka broker from which clients learn of the others.",
        **({"security": security} if security else {}),
    }


def _schemes(settings: Settings) -> list[str]:
    """Return the types of the security schemes; empty without servers, too."""
    if not settings.asyncapi_bootstrap_servers:
        return []
    if settings.kafka_security_protocol.startswith("SASL"):
        return [_SASL[settings.kafka_sasl_mechanism]]
    return ["X509"] if settings.kafka_security_protocol == "SSL" and settings.kafka_ssl_certfile else []
