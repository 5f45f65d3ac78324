"""The types of settings and their valid values."""

import re
from ipaddress import ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

PREFIX = "REGISTRY_"
"""The prefix of the environment variables."""

PATH_PREFIX = r"(/[A-Za-z0-9._~-]+)*"
"""The pattern of a path in front of other paths, which may be empty."""


def setting(default: Any, description: str, valid: str) -> Any:
    """Declare a setting with its description and its valid values, which error messages name."""
    return Field(default, description=description, json_schema_extra={"valid": valid})


def variable(field: str) -> str:
    """Return the environment variable of a field: `REGISTRY_DATABASE_URL` for `database_url`."""
    return PREFIX + field.upper()


def split(value: object) -> object:
    """Return the items of a comma-separated list, trimmed and without empty ones."""
    if isinstance(value, str):
        return tuple(word for part in value.split(",") if (word := part.strip()))
    return value


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(ip_network(network, strict=False)) for network in value)


def _origins(value: tuple[str, ...]) -> tuple[str, ...]:
    # Browsers send scheme and host in lower case.
    value = tuple(origin.lower() for origin in value)
    if any(re.fullmatch(r"\*|https?://[^/,*\s]+", origin) is None for origin in value):
        raise ValueError
    return value


def _addresses(value: str) -> str:
    for address in value.split(","):
        host, _, port = address.strip().rpartition(":")
        if address.strip() and not (host and port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
            raise ValueError
    return value


CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)]
"""A comma-separated list. Items are trimmed, and empty items are ignored."""

BrokerAddresses = Annotated[str, AfterValidator(_addresses)]
Networks = Annotated[CommaSeparated, AfterValidator(_networks)]
Origins = Annotated[CommaSeparated, AfterValidator(_origins)]
PathPrefix = Annotated[str, Field(pattern=rf"^{PATH_PREFIX}$", max_length=256)]
Contact = Annotated[str, Field(max_length=255, pattern=r"^([^@\s/]+@[^@\s/]+|https?://[^/\s]+(/\S*)?)?$")]
BaseUri = Annotated[
    str, Field(max_length=200, pattern=r"^([A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?@!$&'()*+,;=%-]*[/:=])?$")
]
HttpUrl = Annotated[str, Field(max_length=2000, pattern=r"^(https?://[^\s/]+\S*)?$")]
Port = Annotated[int, Field(ge=0, le=65535)]
Days = Annotated[int, Field(ge=1, le=3650)]
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, le=86400)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,200}$")]
