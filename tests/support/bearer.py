"""Tokens that the processes of a test's registry accept."""

import time
from pathlib import Path

from service.http.development_key import sign
from tests.support.registry import Registry


def bearer(registry: Registry, scope: str = "admin:read", *, subject: str = "test") -> str:
    """Return a token that is valid for an hour, signed with the key of this registry."""
    folder = Path(str(registry.settings["jwks"])).parent
    return sign(folder, subject=subject, scope=scope, audience="producer-registry", issued_at=int(time.time()))
