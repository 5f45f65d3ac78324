"""Settings as text, without their secrets."""

import re
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from pydantic import SecretStr

MASK = "********"
_PASSWORD = re.compile(r"^([^:/?#]+://[^:@/?#]*:).*@", re.DOTALL)


def shown(value: object) -> str:
    """Return a value in the format of an environment variable. Secrets are masked."""
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
    """Return the URL with its passwords masked, both before the last @ and in query parameters.

    A password with characters that belong to the syntax of URLs is masked, too.
    """
    url = _PASSWORD.sub(rf"\1{MASK}@", url)
    try:
        parts = urlsplit(url)
    except ValueError:
        return MASK
    query = urlencode(
        [(k, MASK if "pass" in k.lower() else v) for k, v in parse_qsl(parts.query, keep_blank_values=True)],
        safe="*/",
        quote_via=quote,
    )
    return urlunsplit(parts._replace(query=query))
