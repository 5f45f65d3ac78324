"""The settings of the database, Kafka, the topics and the processing of commands."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from service.setting_type import BaseUri, BrokerAddresses, CommaSeparated, Count, Days, Name, Seconds, setting


class CommandSettings(BaseSettings):
    """The part of `Settings` that the consumers, the relay and the tools for topics use."""

    database_url: str = setting("", "PostgreSQL to use", "a URL such as postgresql://user:password@host:5432/registry")
    database_pool_size: Count = setting(10, "Maximum number of connections in each pool", "an integer, at least 1")
    database_command_timeout_seconds: Seconds = setting(
        30, "Timeout of a statement", "seconds, greater than 0, at most 86400"
    )

    kafka_bootstrap_servers: BrokerAddresses = setting("", "Kafka brokers to use", "host:port, separated by commas")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = setting(
        "PLAINTEXT", "Protocol of the connections to Kafka", "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = setting(
        "PLAIN", "SASL mechanism, for the SASL protocols", "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    kafka_sasl_username: str = setting("", "SASL user name", "a user name")
    kafka_sasl_password: SecretStr = setting(SecretStr(""), "SASL password", "a password")
    kafka_ssl_cafile: str = setting(
        "", "Trusted CA certificates; if empty, those of the operating system", "path of a PEM file"
    )
    kafka_ssl_certfile: str = setting("", "Client certificate", "path of a PEM file; requires the key file")
    kafka_ssl_keyfile: str = setting("", "Private key of the client certificate", "path of a PEM file")
    kafka_idempotent_producer: bool = setting(
        True,
        "Use an idempotent producer; disable it only for a broker that does not support it."
        " The embedded memory broker is recognised",
        "true or false",
    )

    topic_prefix: Name = setting("registry", "Prefix of all topic names", "letters, digits, dot, _ and -")
    consumer_group: Name = setting("producer-registry", "Consumer group of the service", "letters, digits, dot, _, -")
    partitions: Count = setting(12, "Number of partitions of new topics", "an integer, at least 1")
    replication: Count = setting(1, "Replication factor of new topics", "an integer, at least 1")
    command_retention_days: Days = setting(7, "Retention time of the command topics", "days, 1 to 3650")
    event_retention_days: Days = setting(
        30, "Retention time of the event and outcome topics, and of tombstones in the state topics", "days, 1 to 3650"
    )
    dead_letter_retention_days: Days = setting(30, "Retention time of the dead-letter topic", "days, 1 to 3650")
    state_topics: bool = setting(
        True,
        "Publish the current state of each object to compacted topics; see the runbook before you turn it on again",
        "true or false",
    )
    inbox_retention_days: Days = setting(
        30,
        "Retention time of command ids in the inbox; at least that of the command topics and the dead-letter topic",
        "days, 1 to 3650",
    )
    reply_topics: CommaSeparated = setting(
        (), "Topics that a command may name in replyto", "topic names separated by commas"
    )

    schema_base_uri: BaseUri = setting(
        "",
        "Beginning of dataschema in messages and of $id in schemas, such as the address of the API with /schemas/;"
        " if empty, urn:producer-registry:schema:",
        "an absolute URI that ends with /, : or =",
    )
    schema_registry_url: str = setting(
        "",
        "Schema registry for `schemas register`; the URL may contain a user name and a password",
        "an http(s) URL such as https://user:password@schemas.example.com",
    )

    batch_max_records: Annotated[int, Field(ge=1, le=10_000)] = setting(
        2000, "Maximum number of commands in one transaction", "an integer, 1 to 10000"
    )
    batch_timeout_ms: Annotated[int, Field(ge=1, le=60000)] = setting(
        100, "Maximum time that a poll waits for commands", "milliseconds, 1 to 60000"
    )
    max_body_bytes: Annotated[int, Field(ge=1024, le=900_000)] = setting(
        262144, "Maximum size of a command's body", "bytes, 1024 to 900000"
    )
    session_timeout_ms: Annotated[int, Field(ge=1000, le=1_800_000)] = setting(
        10000,
        "Time without heartbeats after which the broker reassigns the partitions of a consumer",
        "milliseconds, 1000 to 1800000",
    )
    reference_wait_seconds: Annotated[float, Field(ge=0, le=86_400)] = setting(
        0,
        "How long a command whose only problem are missing references waits for them; 0 rejects it at once",
        "seconds, 0 to 86400",
    )
    reference_wait_commands: Count = setting(
        100_000,
        "Number of waiting commands from which on a command with missing references is rejected at once",
        "an integer, at least 1",
    )
    dead_letter_window: Count = setting(
        1000,
        "Number of most recent records of a partition; the consumer stops when more than half were dead-lettered",
        "an integer, at least 1",
    )
    dead_letter_minimum: Count = setting(
        200,
        "Number of records of a partition that must have been read before the consumer may stop for that reason",
        "an integer, at least 1, at most the window",
    )

    metrics_sources: Annotated[CommaSeparated, Field(max_length=50)] = setting(
        (),
        "Sources whose rejected commands are counted apart; all others count as other",
        "at most 50 values of ce_source, separated by commas",
    )

    accept_lost_commands: bool = setting(
        False,
        "Continue at the oldest record when a command topic was recreated, lost undecided records or belongs to another"
        " cluster",
        "true or false; set to true for one start, after the cause of the loss is known",
    )
    failpoints: str = setting(
        "", "For fault tests: points at which the process is killed, stopped or blocked", "before_commit=kill@3"
    )
