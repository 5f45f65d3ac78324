"""A token issuer for tests: keys of every kind, and tokens with valid or invalid claims."""

import time
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

NAME = "https://issuer.example"
AUDIENCE = "producer-registry"

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


class Issuer:
    """Signs with an elliptic-curve key named `ec` by default; `jwks()` has the public part of every key."""

    def __init__(self) -> None:
        self.keys: dict[str, PrivateKey] = {"ec": ec.generate_private_key(ec.SECP256R1())}

    def jwks(self) -> bytes:
        """Return the key set as its URL would."""
        return orjson.dumps({"keys": [public(key) | {"kid": name, "use": "sig"} for name, key in self.keys.items()]})

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of a valid token with changes; None removes a claim."""
        now = int(time.time())
        good = {"iss": NAME, "aud": AUDIENCE, "sub": "pc:310", "scope": "account:read", "iat": now, "exp": now + 600}
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    def token(
        self,
        *,
        kid: str = "ec",
        key: PrivateKey | None = None,
        alg: str = "ES256",
        typ: Any = "at+jwt",
        **changes: Any,
    ) -> str:
        """Return a signed token; `key` signs instead of the key named `kid`, and `typ` is the type in its header."""
        header = {"kid": kid, "typ": typ}
        return jwt.encode(self.claims(**changes), key or self.keys[kid], alg, header)


def public(key: PrivateKey) -> dict[str, Any]:
    """Return the public part as a JWK."""
    match key:
        case ec.EllipticCurvePrivateKey():
            return jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        case rsa.RSAPrivateKey():
            return jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        case _:
            return jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
