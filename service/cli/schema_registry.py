"""A client of the REST interface of Confluent's schema registry, which other registries have too."""

import base64
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from service.contract.schemas.subjects import Subject
from service.version import VERSION

TIMEOUT_SECONDS: Final = 30
CONTENT_TYPE: Final = "application/vnd.schemaregistry.v1+json"


class SchemaRegistryFailure(Exception):
    """The registry is unavailable, or refused a request; the text never contains the password of the URL."""


class SchemaRegistry:
    """One schema registry; `url` may contain a user name and a password, percent-encoded.

    Raises ValueError for a URL of another scheme or without a host.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("expected an http or https URL, such as https://schemas.example.com")
        self._headers = {
            "Content-Type": CONTENT_TYPE,
            "Accept": f"{CONTENT_TYPE}, application/json",
            "User-Agent": f"producer-registry/{VERSION}",
        }
        if parts.username is not None:
            credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = f"Basic {base64.b64encode(credentials.encode()).decode()}"
        self._url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")

    def register(self, subject: Subject, versions: Mapping[str, int]) -> int:
        """Set the compatibility mode of a subject, and register its schema unless it is registered already.

        `versions` has the versions of the subjects that it refers to. Returns the version of the schema.
        Raises SchemaRegistryFailure.
        """
        name = quote(subject.name, safe="")
        self._call("PUT", f"/config/{name}", {"compatibility": subject.compatibility}, subject.name)
        body = {
            "schemaType": "JSON",
            "schema": subject.schema,
            "references": [
                {"name": reference, "subject": other, "version": versions[other]}
                for reference, other in subject.references
            ],
        }
        self._call("POST", f"/subjects/{name}/versions", body, subject.name)
        # Not all registries return the version of a new schema, but all of them find the version of a schema.
        version = self._call("POST", f"/subjects/{name}", body, subject.name).get("version")
        if not isinstance(version, int):
            raise SchemaRegistryFailure(f"{subject.name}: {self._url} returned no version: is it a schema registry?")
        return version

    def _call(self, method: str, path: str, body: Mapping[str, Any], subject: str) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310  # the constructor checked the scheme
            self._url + path, json.dumps(body).encode(), self._headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            raise SchemaRegistryFailure(f"{subject}: {method} {path}: {error.code} {_message(error)}") from None
        except ValueError:
            raise SchemaRegistryFailure(
                f"{subject}: {method} {path}: {self._url} did not return JSON: is it a schema registry?"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise SchemaRegistryFailure(f"{self._url} is unavailable: {reason or type(error).__name__}") from None
        return answer if isinstance(answer, dict) else {}


def _message(error: urllib.error.HTTPError) -> str:
    """Return the text of an error response: the registry's own, or that of the status."""
    try:
        with error:
            return str(json.load(error)["message"])[:2000]
    except (ValueError, KeyError, TypeError, OSError, http.client.HTTPException):
        return str(error.reason)
