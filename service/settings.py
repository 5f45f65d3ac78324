"""The settings of the service: names, descriptions, defaults and valid values.

Settings are read from environment variables with the prefix `REGISTRY_`. Each setting is also a command-line option.
No other module reads the environment. An empty value means that the setting is not set.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.database_url import DatabaseUrl
from service.masking import shown
from service.setting_rules import contradictions, unknown_variables
from service.setting_type import (
    PREFIX,
    BaseUri,
    BrokerAddresses,
    CommaSeparated,
    Count,
    Days,
    Name,
    Networks,
    Origins,
    PathPrefix,
    Port,
    Seconds,
    split,
    variable,
)

__all__ = ["InvalidSettings", "Settings", "load", "postgres_variables", "valid", "variable"]


class InvalidSettings(Exception):
    """The settings are invalid. `problems` has one line for each problem, which begins with the variable's name."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def _setting(default: Any, description: str, valid: str) -> Any:
    """Declare a setting with its description and its valid values, which error messages name."""
    return Field(default, description=description, json_schema_extra={"valid": valid})


class Settings(BaseSettings):
    """The effective settings; immutable. Use `load` to create them: it names the invalid settings."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    database_url: str = _setting("", "PostgreSQL to use", "a URL such as postgresql://user:password@host:5432/registry")
    database_pool_size: Count = _setting(10, "Maximum number of connections in each pool", "an integer, at least 1")
    database_command_timeout_seconds: Seconds = _setting(
        30, "Timeout of a statement", "seconds, greater than 0, at most 86400"
    )

    kafka_bootstrap_servers: BrokerAddresses = _setting("", "Kafka brokers to use", "host:port, separated by commas")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = _setting(
        "PLAINTEXT", "Protocol of the connections to Kafka", "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = _setting(
        "PLAIN", "SASL mechanism, for the SASL protocols", "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    kafka_sasl_username: str = _setting("", "SASL user name", "a user name")
    kafka_sasl_password: SecretStr = _setting(SecretStr(""), "SASL password", "a password")
    kafka_ssl_cafile: str = _setting(
        "", "Trusted CA certificates; if empty, those of the operating system", "path of a PEM file"
    )
    kafka_ssl_certfile: str = _setting("", "Client certificate", "path of a PEM file; requires the key file")
    kafka_ssl_keyfile: str = _setting("", "Private key of the client certificate", "path of a PEM file")
    kafka_idempotent_producer: bool = _setting(
        True,
        "Use an idempotent producer; disable it only for a broker that does not support it."
        " The embedded memory broker is recognised",
        "true or false",
    )

    topic_prefix: Name = _setting("registry", "Prefix of all topic names", "letters, digits, dot, _ and -")
    consumer_group: Name = _setting("producer-registry", "Consumer group of the service", "letters, digits, dot, _, -")
    partitions: Count = _setting(12, "Number of partitions of new topics", "an integer, at least 1")
    replication: Count = _setting(1, "Replication factor of new topics", "an integer, at least 1")
    command_retention_days: Days = _setting(7, "Retention time of the command topics", "days, 1 to 3650")
    event_retention_days: Days = _setting(30, "Retention time of the event and outcome topics", "days, 1 to 3650")
    dead_letter_retention_days: Days = _setting(30, "Retention time of the dead-letter topic", "days, 1 to 3650")
    inbox_retention_days: Days = _setting(
        30,
        "Retention time of command ids in the inbox; at least that of the command topics and the dead-letter topic",
        "days, 1 to 3650",
    )
    reply_topics: CommaSeparated = _setting(
        (), "Topics that a command may name in replyto", "topic names separated by commas"
    )

    schema_base_uri: BaseUri = _setting(
        "",
        "Beginning of dataschema in messages and of $id in schemas, such as the address of the API with /schemas/;"
        " if empty, urn:producer-registry:schema:",
        "an absolute URI that ends with /, : or =",
    )

    batch_max_records: Annotated[int, Field(ge=1, le=10_000)] = _setting(
        2000, "Maximum number of commands in one transaction", "an integer, 1 to 10000"
    )
    batch_timeout_ms: Annotated[int, Field(ge=1, le=60000)] = _setting(
        100, "Maximum time that a poll waits for commands", "milliseconds, 1 to 60000"
    )
    max_body_bytes: Annotated[int, Field(ge=1024, le=900_000)] = _setting(
        262144, "Maximum size of a command's body", "bytes, 1024 to 900000"
    )
    session_timeout_ms: Annotated[int, Field(ge=1000, le=1_800_000)] = _setting(
        10000,
        "Time without heartbeats after which the broker reassigns the partitions of a consumer",
        "milliseconds, 1000 to 1800000",
    )
    dead_letter_window: Count = _setting(
        1000,
        "Number of most recent records of a partition; the consumer stops when more than half were dead-lettered",
        "an integer, at least 1",
    )
    dead_letter_minimum: Count = _setting(
        200,
        "Number of records of a partition that must have been read before the consumer may stop for that reason",
        "an integer, at least 1, at most the window",
    )

    accept_lost_commands: bool = _setting(
        False,
        "Continue at the oldest record when a command topic was recreated, lost undecided records or belongs to another"
        " cluster",
        "true or false; set to true for one start, after the cause of the loss is known",
    )
    failpoints: str = _setting(
        "", "For fault tests: points at which the process is killed, stopped or blocked", "before_commit=kill@3"
    )

    api_host: str = _setting("127.0.0.1", "Address on which the API listens", "an address or host name")
    api_port: Port = _setting(8080, "Port of the API; 0 selects a free port", "a port, 0 to 65535")
    admin_host: str = _setting(
        "127.0.0.1", "Address on which the admin port (health and metrics) listens", "an address or host name"
    )
    admin_port: Port = _setting(8081, "Port of health and metrics; 0 selects a free port", "a port, 0 to 65535")
    api_base_path: PathPrefix = _setting(
        "",
        "Path in front of the links of responses, for a proxy that removes it from requests",
        "a path such as /registry, without a slash at the end",
    )
    trusted_proxies: Networks = _setting(
        (),
        "Proxies whose header X-Forwarded-Prefix replaces the base path",
        "addresses and networks such as 10.0.0.0/8, separated by commas",
    )
    cors_origins: Origins = _setting(
        (),
        "Origins of browser applications that may call the API (CORS)",
        "origins such as https://app.example.com, separated by commas, or *",
    )
    jwt_issuer: str = _setting("", "Required issuer of tokens", "the iss claim, such as https://login.example.com")
    jwt_audience: str = _setting("producer-registry", "Required audience of tokens", "the aud claim")
    jwks: str = _setting("", "Keys that verify the signatures of tokens", "path of a JWKS file, or its http(s) URL")
    jwks_max_age_seconds: Annotated[float, Field(ge=60, le=2_592_000)] = _setting(
        86400, "Time for which keys stay valid while they cannot be read again", "seconds, 60 to 2592000"
    )
    jwt_scope_claims: CommaSeparated = _setting(
        ("scope",),
        "Claims with the scopes of a token, as text or array",
        "claims such as scope, scp, roles, realm_access.roles",
    )
    jwt_subject_claim: Annotated[str, Field(min_length=1)] = _setting("sub", "Claim that names the caller", "a claim")
    jwt_algorithms: Annotated[tuple[Literal["ES256", "RS256", "EdDSA"], ...], NoDecode, BeforeValidator(split)] = (
        _setting(
            ("ES256", "RS256", "EdDSA"), "Accepted signature algorithms", "ES256, RS256, EdDSA, separated by commas"
        )
    )
    jwt_leeway_seconds: Annotated[float, Field(ge=0, le=600)] = _setting(
        30, "Accepted clock difference in token validation", "seconds, 0 to 600"
    )
    externally_visible_producer_codes: CommaSeparated = _setting(
        (), "Code strings visible to callers who are not registered users", "codes separated by commas"
    )
    request_timeout_seconds: Seconds = _setting(10, "Timeout of a request", "seconds, greater than 0, at most 86400")
    max_connections: Count = _setting(
        512, "Maximum number of connections of the API port, at most half of the descriptors", "an integer, at least 1"
    )
    max_concurrent_requests: Count = _setting(
        64,
        "Maximum number of requests that read the database at a time. Up to four times as many wait, those of callers"
        " with the fewest requests in progress first",
        "an integer, at least 1",
    )
    http_writes: Literal["auto", "on", "off"] = _setting(
        "auto", "Whether the API writes; auto: if brokers are configured", "auto, on or off"
    )
    http_writes_waiting: Count = _setting(
        1000, "Maximum number of waiting requests that write", "an integer, at least 1"
    )
    max_expensive_reads: Annotated[int, Field(ge=1, le=100)] = _setting(
        2,
        "Maximum number of requests at a time whose reads no index serves; they have a database connection each",
        "an integer, 1 to 100",
    )
    rate_limit_per_second: Annotated[float, Field(ge=0)] = _setting(
        0, "Maximum number of requests per second and caller; 0 disables the limit", "a number, at least 0"
    )

    shutdown_deadline_seconds: Seconds = _setting(
        20, "Maximum time for draining at shutdown", "seconds, greater than 0, at most 86400"
    )
    drain_delay_seconds: Annotated[float, Field(ge=0, le=3600)] = _setting(
        0, "Time at shutdown between reporting not ready and closing the ports", "seconds, 0 to 3600"
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "Minimum severity of log lines", "debug, info, warning or error"
    )
    data_dir: Path = _setting(
        Path(".registry"), "Folder of the embedded database and the development key", "path of a folder"
    )

    @field_validator("database_url")
    @classmethod
    def _database_url_is_valid(cls, value: str) -> str:
        # the driver parses the URL only when it connects
        if value:
            DatabaseUrl.parse(value).check(os.environ)
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _level_in_lower_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _settings_are_consistent(self) -> Self:
        problems = contradictions(self)
        if problems:
            raise InvalidSettings(problems)
        return self

    def require(self, *fields: str) -> None:
        """Raise InvalidSettings if one of the named fields is empty: `settings.require("database_url", "jwks")`."""
        missing = [field for field in fields if not getattr(self, field)]
        if missing:
            raise InvalidSettings([f"{variable(field)} is not set; expected {valid(field)}" for field in missing])

    def effective(self) -> dict[str, str]:
        """Return the variable names and values of all settings as text, in declaration order. Secrets are masked."""
        return {variable(field): shown(getattr(self, field)) for field in type(self).model_fields}

    def __str__(self) -> str:
        return " ".join(f"{name}={value}" for name, value in self.effective().items())

    __repr__ = __str__


def load(options: Mapping[str, object] | None = None) -> Settings:
    """Read the environment. `options` (field name to value) override it. Raises InvalidSettings with all problems."""
    given = {field: value for field, value in (options or {}).items() if value is not None}
    problems = unknown_variables(os.environ, list(Settings.model_fields))
    try:
        settings = Settings(**given)  # type: ignore[arg-type]  # pydantic checks the values
    except InvalidSettings as invalid:
        problems += invalid.problems
    except ValidationError as error:
        problems += _problems(error)
    if problems:
        raise InvalidSettings(problems)
    return settings


def postgres_variables() -> dict[str, str]:
    """Return the variables that the database drivers read: PGPASSFILE, PGSSLMODE and others, and HOME."""
    return {name: value for name, value in os.environ.items() if name.startswith("PG") or name == "HOME"}


def valid(field: str) -> str:
    """Return the description of a field's valid values."""
    match Settings.model_fields[field].json_schema_extra:
        case {"valid": text}:
            return str(text)
    raise KeyError(field)


def _problems(error: ValidationError) -> list[str]:
    problems = {}
    for detail in error.errors():
        field = str(detail["loc"][0])
        # only validators of this class give a text; those of pydantic would repeat the value
        text = str(detail["ctx"]["error"]) if detail["type"] == "value_error" else ""
        if field in Settings.model_fields:
            problems[field] = f"{variable(field)} is invalid: {text or f'expected {valid(field)}'}"
        else:
            problems[field] = f"{variable(field)} is not a setting"
    return list(problems.values())
