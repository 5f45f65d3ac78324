"""Rules about several settings, which no type can express."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.setting_type import PREFIX

if TYPE_CHECKING:
    from service.settings import Settings


def contradictions(settings: Settings) -> list[str]:
    """Return a problem for each setting that does not fit another one; each begins with the variable's name."""
    problems: list[str] = []
    if settings.kafka_security_protocol.startswith("SASL") and not (
        settings.kafka_sasl_username and settings.kafka_sasl_password.get_secret_value()
    ):
        problems.append(
            f"{PREFIX}KAFKA_SASL_USERNAME: {settings.kafka_security_protocol} requires a user name and a password"
        )
    if bool(settings.kafka_ssl_certfile) != bool(settings.kafka_ssl_keyfile):
        problems.append(f"{PREFIX}KAFKA_SSL_CERTFILE: set both it and {PREFIX}KAFKA_SSL_KEYFILE, or neither")
    if settings.dead_letter_minimum > settings.dead_letter_window:
        problems.append(f"{PREFIX}DEAD_LETTER_MINIMUM: must be at most {PREFIX}DEAD_LETTER_WINDOW")
    if settings.inbox_retention_days < settings.command_retention_days:
        problems.append(
            f"{PREFIX}INBOX_RETENTION_DAYS: must be at least {PREFIX}COMMAND_RETENTION_DAYS;"
            " otherwise a duplicate command could be decided twice"
        )
    if settings.inbox_retention_days < settings.dead_letter_retention_days:
        problems.append(
            f"{PREFIX}INBOX_RETENTION_DAYS: must be at least {PREFIX}DEAD_LETTER_RETENTION_DAYS;"
            " otherwise a dead letter that is replayed twice could be decided twice"
        )
    if not settings.jwt_algorithms:
        problems.append(f"{PREFIX}JWT_ALGORITHMS: at least one algorithm is required")
    return problems
