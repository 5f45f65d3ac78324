"""Rules about several settings and about their names, which no type can express."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from service.setting_type import PREFIX, variable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from service.settings import Settings

TEST_PREFIX: Final = "REGISTRY_TEST_"
"""Variables with this prefix belong to the test suite and are ignored."""


def unknown_variables(environment: Mapping[str, str], fields: Sequence[str]) -> list[str]:
    """Return a problem for each variable that has the prefix of settings, but names none of these fields."""
    problems = []
    for name in sorted(environment):
        upper = name.upper()
        field = upper.removeprefix(PREFIX).lower()
        if upper.startswith(PREFIX) and not upper.startswith(TEST_PREFIX) and field not in fields:
            near = difflib.get_close_matches(field, fields, n=1)
            hint = f"did you mean {variable(near[0])}?" if near else "`producer-registry config` lists all settings"
            problems.append(f"{name} is not a setting: {hint}")
    return problems


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
