"""The settings of the API and the admin port."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode

from service.setting_type import (
    BrokerAddresses,
    CommaSeparated,
    Contact,
    Count,
    Networks,
    Origins,
    PathPrefix,
    Port,
    Seconds,
    setting,
    split,
)


class ApiSettings(BaseSettings):
    """The part of `Settings` that the HTTP side uses."""

    api_host: str = setting("127.0.0.1", "Address on which the API listens", "an address or host name")
    api_port: Port = setting(8080, "Port of the API; 0 selects a free port", "a port, 0 to 65535")
    admin_host: str = setting(
        "127.0.0.1", "Address on which the admin port (health and metrics) listens", "an address or host name"
    )
    admin_port: Port = setting(8081, "Port of health and metrics; 0 selects a free port", "a port, 0 to 65535")
    api_base_path: PathPrefix = setting(
        "",
        "Path in front of the links of responses, for a proxy that removes it from requests",
        "a path such as /registry, without a slash at the end",
    )
    trusted_proxies: Networks = setting(
        (),
        "Proxies whose header X-Forwarded-Prefix replaces the base path",
        "addresses and networks such as 10.0.0.0/8, separated by commas",
    )
    cors_origins: Origins = setting(
        (),
        "Origins of browser applications that may call the API (CORS)",
        "origins such as https://app.example.com, separated by commas, or *",
    )
    api_contact: Contact = setting(
        "", "Contact in the OpenAPI and AsyncAPI documents", "an e-mail address, or a URL with http or https"
    )
    asyncapi_bootstrap_servers: BrokerAddresses = setting(
        "",
        "Kafka brokers that the AsyncAPI document names to everybody who can reach the API; if empty, it names none",
        "host:port, separated by commas",
    )
    jwt_issuer: str = setting("", "Required issuer of tokens", "the iss claim, such as https://login.example.com")
    jwt_audience: str = setting("producer-registry", "Required audience of tokens", "the aud claim")
    jwks: str = setting("", "Keys that verify the signatures of tokens", "path of a JWKS file, or its http(s) URL")
    jwks_max_age_seconds: Annotated[float, Field(ge=60, le=2_592_000)] = setting(
        86400, "Time for which keys stay valid while they cannot be read again", "seconds, 60 to 2592000"
    )
    jwt_scope_claims: CommaSeparated = setting(
        ("scope",),
        "Claims with the scopes of a token, as text or array",
        "claims such as scope, scp, roles, realm_access.roles",
    )
    jwt_subject_claim: Annotated[str, Field(min_length=1)] = setting("sub", "Claim that names the caller", "a claim")
    jwt_algorithms: Annotated[tuple[Literal["ES256", "RS256", "EdDSA"], ...], NoDecode, BeforeValidator(split)] = (
        setting(
            ("ES256", "RS256", "EdDSA"), "Accepted signature algorithms", "ES256, RS256, EdDSA, separated by commas"
        )
    )
    jwt_leeway_seconds: Annotated[float, Field(ge=0, le=600)] = setting(
        30, "Accepted clock difference in token validation", "seconds, 0 to 600"
    )
    externally_visible_producer_codes: CommaSeparated = setting(
        (), "Code strings visible to callers who are not registered users", "codes separated by commas"
    )
    request_timeout_seconds: Seconds = setting(10, "Timeout of a request", "seconds, greater than 0, at most 86400")
    max_connections: Count = setting(
        512, "Maximum number of connections of the API port, at most half of the descriptors", "an integer, at least 1"
    )
    max_concurrent_requests: Count = setting(
        64,
        "Maximum number of requests that read the database at a time. Up to four times as many wait, those of callers"
        " with the fewest requests in progress first",
        "an integer, at least 1",
    )
    http_writes: Literal["auto", "on", "off"] = setting(
        "auto", "Whether the API writes; auto: if brokers are configured", "auto, on or off"
    )
    http_writes_waiting: Count = setting(
        1000, "Maximum number of waiting requests that write", "an integer, at least 1"
    )
    max_expensive_reads: Annotated[int, Field(ge=1, le=100)] = setting(
        2,
        "Maximum number of requests at a time whose reads no index serves; they have a database connection each",
        "an integer, 1 to 100",
    )
    rate_limit_per_second: Annotated[float, Field(ge=0)] = setting(
        0, "Maximum number of requests per second and caller; 0 disables the limit", "a number, at least 0"
    )
