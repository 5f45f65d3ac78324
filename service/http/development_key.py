"""The development issuer: a key pair in the data folder, with which `dev` trusts what `token` signs."""

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
"""The issuer of development tokens; never trusted unless the settings name it."""

KEY_FILE: Final = "development-key.pem"
JWKS_FILE: Final = "development-jwks.json"


@dataclass(frozen=True, slots=True)
class DevelopmentKey:
    """Where the pair lies: `private_key` is readable by its owner alone, `jwks` is for the setting of that name."""

    private_key: Path
    jwks: Path


def ensure_key(data_dir: Path) -> DevelopmentKey:
    """Make the key pair of a data folder unless it is there; safe to run twice and at the same time."""
    data_dir.mkdir(parents=True, exist_ok=True)
    pair = DevelopmentKey(data_dir / KEY_FILE, data_dir / JWKS_FILE)
    if not pair.private_key.exists():
        _create(pair.private_key)
    # Written each time: it follows from the private key, and a kill may have come between the two.
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
    """A token signed with the development key; `issued_at` in seconds of the epoch, `organizations` None sees all."""
    key = _load(ensure_key(data_dir).private_key)
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
    fresh = _written(path, pem)
    # A link, unlike a rename, fails when another process was first; its key is the one then.
    with suppress(FileExistsError):
        path.hardlink_to(fresh)
    fresh.unlink()


def _replace(path: Path, content: bytes) -> None:
    _written(path, content).replace(path)


def _written(path: Path, content: bytes) -> Path:
    """A new file beside `path`, for its owner alone."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    return fresh


def _load(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path} is not a key this program made")
    return key


def _public(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    public = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**public, "kid": f"development-{public['x'][:16]}", "use": "sig", "alg": "ES256"}
