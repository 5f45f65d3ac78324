"""Tokens for the callers of a benchmark, signed with a generated key."""

import time
from pathlib import Path

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm

from tests.load import people

ISSUER = "https://bench.example"
CALLERS = 200
HOURS = 12


def write(folder: Path) -> tuple[Path, Path]:
    """Write the service's JWKS and a file with a token for each caller. Return both paths."""
    key = generate_private_key(SECP256R1())
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    jwks = folder / "jwks.json"
    jwks.write_bytes(orjson.dumps({"keys": [{**public, "kid": "bench", "alg": "ES256", "use": "sig"}]}))
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": "producer-registry",
        "scope": "account:read admin:write",
        "iat": now,
        "exp": now + HOURS * 3600,
    }
    step = people.USERS // CALLERS
    headers = {"kid": "bench", "typ": "at+jwt"}
    tokens = folder / "tokens"
    tokens.write_text(
        "\n".join(
            jwt.encode({**claims, "sub": people.user(number)}, key, "ES256", headers=headers)
            for number in range(0, people.USERS, step)
        )
    )
    return jwks, tokens
