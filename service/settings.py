"""Every setting of the service: its name, its meaning, its default and what values are right.

Settings come from the environment under the prefix `REGISTRY_`, and each is an option of the command line too. This is
the only place that reads the environment. A value that is empty counts as not given.
"""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "REGISTRY_"
TEST_PREFIX = "REGISTRY_TEST_"
"""Names under this prefix belong to the test suite and are ignored here."""

MASK = "********"


class InvalidSettings(Exception):
    """The settings are not right; `problems` has one line for each, beginning with the setting's name."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def _words(value: object) -> object:
    if isinstance(value, str):
        return tuple(word for part in value.split(",") if (word := part.strip()))
    return value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]
"""A list written with commas; each part is trimmed, empty parts do not count."""

Port = Annotated[int, Field(ge=0, le=65535)]
Days = Annotated[int, Field(ge=1, le=3650)]
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, le=86400)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,200}$")]


def _setting(default: Any, meaning: str, right: str) -> Any:
    """Declare one setting: what it means (for the lists of settings) and what is right (for refusals)."""
    return Field(default, description=meaning, json_schema_extra={"right": right})


class Settings(BaseSettings):
    """The effective settings; immutable. Build it with `load`, which answers a wrong one by name."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    database_url: str = _setting("", "PostgreSQL to use", "a URL such as postgresql://user:password@host:5432/registry")
    database_pool_size: Count = _setting(10, "Connections each pool may open", "a whole number from 1")
    database_command_timeout_seconds: Seconds = _setting(30, "Longest wait for one statement", "seconds above 0")

    kafka_bootstrap_servers: str = _setting("", "Kafka brokers to use", "host:port, several separated by commas")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = _setting(
        "PLAINTEXT", "How clients speak to Kafka", "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = _setting(
        "PLAIN", "How clients log on when the protocol is a SASL one", "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    kafka_sasl_username: str = _setting("", "Name to log on with", "a user name")
    kafka_sasl_password: SecretStr = _setting(SecretStr(""), "Password to log on with", "a password")
    kafka_ssl_cafile: str = _setting("", "Certificates to trust; the system's when empty", "path of a PEM file")
    kafka_ssl_certfile: str = _setting("", "Client certificate", "path of a PEM file, together with the key file")
    kafka_ssl_keyfile: str = _setting("", "Key of the client certificate", "path of a PEM file")
    kafka_idempotent_producer: bool = _setting(
        True, "Off only for a broker without idempotent producers (the embedded memory broker)", "true or false"
    )

    topic_prefix: Name = _setting("registry", "First part of every topic's name", "letters, digits, dot, _ and -")
    consumer_group: Name = _setting("producer-registry", "Consumer group of the service", "letters, digits, dot, _, -")
    partitions: Count = _setting(12, "Partitions of a topic when it is created", "a whole number from 1")
    replication: Count = _setting(1, "Replicas of a topic when it is created", "a whole number from 1")
    command_retention_days: Days = _setting(7, "How long command topics keep records", "days, 1 to 3650")
    event_retention_days: Days = _setting(30, "How long event and outcome topics keep records", "days, 1 to 3650")
    dead_letter_retention_days: Days = _setting(30, "How long dead letters are kept", "days, 1 to 3650")
    inbox_retention_days: Days = _setting(
        30,
        "How long a command's id is remembered; at least as long as commands and dead letters are kept",
        "days, 1 to 3650",
    )
    reply_topics: Words = _setting((), "Topics a command may name in replyto", "topic names separated by commas")

    batch_max_records: Annotated[int, Field(ge=1, le=50_000)] = _setting(
        2000, "Commands decided in one transaction at most", "a whole number, 1 to 50000"
    )
    batch_timeout_ms: Annotated[int, Field(ge=1, le=60000)] = _setting(
        100, "Longest wait of one poll for commands", "milliseconds, 1 to 60000"
    )
    max_body_bytes: Annotated[int, Field(ge=1024, le=900_000)] = _setting(
        262144, "Longest body of a command", "bytes, 1024 to 900000"
    )
    session_timeout_ms: Annotated[int, Field(ge=1000, le=1_800_000)] = _setting(
        10000, "After this silence the broker gives a consumer's partitions to another", "milliseconds, 1000 to 1800000"
    )
    dead_letter_window: Count = _setting(
        1000, "A consumer stops when more than half of so many last records of a partition were dead", "from 1"
    )
    dead_letter_minimum: Count = _setting(200, "... and at least so many were seen", "from 1, at most the window")

    accept_lost_commands: bool = _setting(
        False,
        "Go on at the oldest record after a command topic was made anew or lost records that were not decided",
        "true or false; true for one start, after the loss is understood",
    )
    failpoints: str = _setting("", "For fault tests: where the process dies, stops or blocks", "before_commit=kill@3")

    api_host: str = _setting("127.0.0.1", "Address the API listens on", "an address or host name")
    api_port: Port = _setting(8080, "Port of the API; 0 picks a free one", "a port, 0 to 65535")
    admin_host: str = _setting("127.0.0.1", "Address health and metrics listen on", "an address or host name")
    admin_port: Port = _setting(8081, "Port of health and metrics; 0 picks a free one", "a port, 0 to 65535")
    jwt_issuer: str = _setting("", "Issuer that tokens must have", "the iss claim, such as https://login.example.com")
    jwt_audience: str = _setting("producer-registry", "Audience that tokens must have", "the aud claim")
    jwks: str = _setting("", "Keys that tokens are checked with", "path of a JWKS file, or its http(s) URL")
    jwt_algorithms: Annotated[tuple[Literal["ES256", "RS256", "EdDSA"], ...], NoDecode, BeforeValidator(_words)] = (
        _setting(("ES256", "RS256", "EdDSA"), "Signatures that are accepted", "of ES256, RS256, EdDSA, with commas")
    )
    jwt_leeway_seconds: Annotated[float, Field(ge=0, le=600)] = _setting(
        30, "How far clocks may differ when a token is checked", "seconds, 0 to 600"
    )
    externally_visible_producer_codes: Words = _setting(
        (), "Code strings that callers who are not users here may see", "codes separated by commas"
    )
    request_timeout_seconds: Seconds = _setting(10, "Longest time of one request", "seconds above 0")
    max_concurrent_requests: Count = _setting(64, "Requests answered at the same time", "a whole number from 1")
    rate_limit_per_second: Annotated[float, Field(ge=0)] = _setting(
        0, "Requests a caller may make in a second; 0 sets no limit", "a number from 0"
    )

    shutdown_deadline_seconds: Seconds = _setting(20, "Longest time to drain at a stop", "seconds above 0")
    drain_delay_seconds: Annotated[float, Field(ge=0, le=3600)] = _setting(
        0, "Time between saying not ready and closing the ports at a stop", "seconds, 0 to 3600"
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "Least severity that is logged", "debug, info, warning or error"
    )
    data_dir: Path = _setting(
        Path(".registry"), "Folder of the embedded database and the development key", "path of a folder"
    )

    @field_validator("database_url")
    @classmethod
    def _database_is_postgresql(cls, value: str) -> str:
        # asyncpg reads the port late; a wrong one shall be refused at the start
        if value and (urlsplit(value).scheme not in {"postgresql", "postgres"} or urlsplit(value).port == 0):
            raise ValueError
        return value

    @field_validator("kafka_bootstrap_servers")
    @classmethod
    def _brokers_have_ports(cls, value: str) -> str:
        for address in _words(value):  # type: ignore[attr-defined]  # a str in is a tuple out
            host, _, port = address.rpartition(":")
            if not host or not port.isascii() or not port.isdecimal() or not 0 < int(port) < 65536:
                raise ValueError
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _level_in_small_letters(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        problems = []
        if self.kafka_security_protocol.startswith("SASL") and not (
            self.kafka_sasl_username and self.kafka_sasl_password.get_secret_value()
        ):
            problems.append(
                f"{PREFIX}KAFKA_SASL_USERNAME: {self.kafka_security_protocol} needs a user name and a password"
            )
        if bool(self.kafka_ssl_certfile) != bool(self.kafka_ssl_keyfile):
            problems.append(f"{PREFIX}KAFKA_SSL_CERTFILE: the certificate and {PREFIX}KAFKA_SSL_KEYFILE go together")
        if self.dead_letter_minimum > self.dead_letter_window:
            problems.append(f"{PREFIX}DEAD_LETTER_MINIMUM: at most {PREFIX}DEAD_LETTER_WINDOW")
        if self.inbox_retention_days < self.command_retention_days:
            problems.append(
                f"{PREFIX}INBOX_RETENTION_DAYS: at least {PREFIX}COMMAND_RETENTION_DAYS, or a repeat is decided twice"
            )
        if self.inbox_retention_days < self.dead_letter_retention_days:
            problems.append(
                f"{PREFIX}INBOX_RETENTION_DAYS: at least {PREFIX}DEAD_LETTER_RETENTION_DAYS,"
                " or a dead letter that is replayed again is decided twice"
            )
        if not self.jwt_algorithms:
            problems.append(f"{PREFIX}JWT_ALGORITHMS: at least one")
        if problems:
            raise InvalidSettings(problems)
        return self

    def need(self, *fields: str) -> None:
        """Refuse settings that lack one of the named fields: `settings.need("database_url", "jwks")`."""
        missing = [field for field in fields if not getattr(self, field)]
        if missing:
            raise InvalidSettings([f"{variable(field)} is not set: give {right(field)}" for field in missing])

    def effective(self) -> dict[str, str]:
        """Every setting's variable name and value as text, in the order of declaration, secrets masked."""
        return {variable(field): _shown(getattr(self, field)) for field in type(self).model_fields}

    def __str__(self) -> str:
        return " ".join(f"{name}={value}" for name, value in self.effective().items())

    __repr__ = __str__


def load(options: Mapping[str, object] | None = None) -> Settings:
    """Read the environment, options (field name to value) going before it; raises `SettingsRefused`, all at once."""
    given = {field: value for field, value in (options or {}).items() if value is not None}
    problems = _unknown(os.environ)
    try:
        settings = Settings(**given)  # type: ignore[arg-type]  # pydantic checks the values
    except InvalidSettings as refused:
        problems += refused.problems
    except ValidationError as error:
        problems += _refusals(error)
    if problems:
        raise InvalidSettings(problems)
    return settings


def variable(field: str) -> str:
    """The environment variable of a field: `database_url` is `REGISTRY_DATABASE_URL`."""
    return PREFIX + field.upper()


def right(field: str) -> str:
    """What a right value of the field looks like."""
    match Settings.model_fields[field].json_schema_extra:
        case {"right": text}:
            return str(text)
    raise KeyError(field)


def _unknown(environment: Mapping[str, str]) -> list[str]:
    fields = list(Settings.model_fields)
    problems = []
    for name in sorted(environment):
        upper = name.upper()
        field = upper.removeprefix(PREFIX).lower()
        if upper.startswith(PREFIX) and not upper.startswith(TEST_PREFIX) and field not in fields:
            near = difflib.get_close_matches(field, fields, n=1)
            hint = f"did you mean {variable(near[0])}?" if near else "`producer-registry config` lists all"
            problems.append(f"{name} is not a setting: {hint}")
    return problems


def _refusals(error: ValidationError) -> list[str]:
    fields = dict.fromkeys(str(detail["loc"][0]) for detail in error.errors() if detail["loc"])
    return [
        f"{variable(field)} is malformed: it must be {right(field)}"
        if field in Settings.model_fields
        else f"{variable(field)} is not a setting"
        for field in fields
    ]


def _shown(value: object) -> str:
    match value:
        case SecretStr():
            return MASK if value.get_secret_value() else ""
        case tuple():
            return ",".join(map(str, value))
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case str() if "://" in value:
            return masked(value)
        case _:
            return str(value)


def masked(url: str) -> str:
    """The URL with its password masked, wherever it stands: in the address or as a parameter."""
    parts = urlsplit(url)
    address = parts.netloc
    if "@" in address:
        login, _, host = address.rpartition("@")
        user, colon, _ = login.partition(":")
        address = f"{user}{colon}{MASK if colon else ''}@{host}"
    query = urlencode(
        [(k, MASK if "pass" in k.lower() else v) for k, v in parse_qsl(parts.query, keep_blank_values=True)],
        safe="*/",
        quote_via=quote,
    )
    return urlunsplit(parts._replace(netloc=address, query=query))
