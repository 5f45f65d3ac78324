"""The development issuer: a key pair in the data folder; `token` signs with it and `dev` trusts it."""

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jwt
import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

ISSUER: Final = "producer-registry:development"
"""The issuer of development tokens; it is only trusted if the settings name it."""

KEY_FILE: Final = "development-key.pem"
JWKS_FILE: Final = "development-jwks.json"


class NoDevelopmentKey(Exception):
    """The data folder has no key; the message names the folder."""


@dataclass(frozen=True, slots=True)
class DevelopmentKey:
    """The files of the key pair: `private_key` is readable only by its owner, `jwks` is for the `jwks` setting."""

    private_key: Path
    jwks: Path


def ensure_key(data_dir: Path) -> DevelopmentKey:
    """Create the key pair of a data folder unless it exists; safe to repeat and to run concurrently."""
    data_dir.mkdir(parents=True, exist_ok=True)
    pair = DevelopmentKey(data_dir / KEY_FILE, data_dir / JWKS_FILE)
    if not pair.private_key.exists():
        _create(pair.private_key)
    # Written each time: it is derived from the private key, and the process may have been killed between both writes.
    _replace(pair.jwks, orjson.dumps({"keys": [_public(_load(pair.private_key))]}))
    return pair


def sign(
    data_dir: Path,
    *,
    subject: str,
    scope: str,
    audience: str,
    issued_at: int,
    ttl_seconds: int = 3600,
    organizations: Sequence[str] | None = None,
    issuer: str = ISSUER,
) -> str:
    """Return a signed development token; `issued_at` is in seconds since the epoch, `organizations` None means all.

    Raises NoDevelopmentKey if `ensure_key` did not create a key in the data folder.
    """
    try:
        key = _load(data_dir / KEY_FILE)
    except FileNotFoundError:
        raise NoDevelopmentKey(f"there is no development key in {data_dir}") from None
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "scope": scope,
        "iat": issued_at,
        "exp": issued_at + ttl_seconds,
        "jti": secrets.token_hex(16),
    }
    if organizations is not None:
        claims["organizations"] = list(organizations)
    return jwt.encode(claims, key, "ES256", {"typ": "at+jwt", "kid": str(_public(key)["kid"])})


def _create(path: Path) -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    temporary = _write_temporary(path, pem)
    # Unlike a rename, a link fails if another process was faster; then the key of that process is used.
    with suppress(FileExistsError):
        path.hardlink_to(temporary)
    temporary.unlink()


def _replace(path: Path, content: bytes) -> None:
    _write_temporary(path, content).replace(path)


def _write_temporary(path: Path, content: bytes) -> Path:
    """Write a new file next to `path`, readable only by its owner, and return its path."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    return temporary


def _load(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path} is not a development key")
    return key


def _public(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    public = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**public, "kid": f"development-{public['x'][:16]}", "use": "sig", "alg": "ES256"}
