"""Every invalid token is rejected with 401 or 403 and a WWW-Authenticate header."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from service.http.caller import Verifier
from service.http.jwks import KeySet
from service.http.problem import HttpProblem
from service.http.scope import ACCOUNT_READ, ADMIN_READ
from tests.support import issuer
from tests.support.issuer import Issuer
from tests.unit.http.api_client import api_client, verifier

ACCOUNT = "/account/v1/producer-codes"


def _encoded(part: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=").decode()


def _unsigned(of: Issuer, algorithm: str, signature: str = "") -> str:
    return f"{_encoded({'alg': algorithm, 'kid': 'ec'})}.{_encoded(of.claims())}.{signature}"


def _hmac_with_public_key(of: Issuer) -> str:
    pem = (
        of.keys["ec"]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    signed = f"{_encoded({'alg': 'HS256', 'kid': 'ec', 'typ': 'JWT'})}.{_encoded(of.claims())}"
    digest = hmac.new(pem, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _ago(seconds: int) -> int:
    return int(time.time()) - seconds


DEFECTS: dict[str, Callable[[Issuer], str]] = {
    "garbage": lambda _: "garbage",
    "three pieces of garbage": lambda _: "a.b.c",
    "a header nested too deeply": lambda _: f"{base64.urlsafe_b64encode(b'[' * 3000).decode()}.e30.x",
    "alg none": lambda of: _unsigned(of, "none"),
    "alg none in other letters": lambda of: _unsigned(of, "nOnE"),
    "HMAC with the public key": _hmac_with_public_key,
    "no signature": lambda of: _unsigned(of, "ES256"),
    "wrong key": lambda of: of.token(key=ec.generate_private_key(ec.SECP256R1())),
    "an algorithm that the key is not for": lambda of: of.token(key=rsa.generate_private_key(65537, 2048), alg="RS256"),
    "kid unknown": lambda of: of.token(kid="other", key=of.keys["ec"]),
    "expired": lambda of: of.token(exp=_ago(31)),
    "no expiry": lambda of: of.token(exp=None),
    "an expiry that is no number": lambda of: of.token(exp="tomorrow"),
    "an expiry beyond all dates": lambda of: of.token(exp=1e300),
    "not yet valid": lambda of: of.token(nbf=_ago(-60)),
    "issued in the future": lambda of: of.token(iat=_ago(-60)),
    "wrong audience": lambda of: of.token(aud="another-service"),
    "no audience": lambda of: of.token(aud=None),
    "wrong issuer": lambda of: of.token(iss="https://elsewhere.example"),
    "no issuer": lambda of: of.token(iss=None),
    "no subject": lambda of: of.token(sub=None),
    "an empty subject": lambda of: of.token(sub=""),
    "a subject with NUL": lambda of: of.token(sub="pc:310\0"),
    "organizations that are no list": lambda of: of.token(organizations="pc:1"),
    "organizations that are no texts": lambda of: of.token(organizations=[1]),
    "a token for logouts": lambda of: of.token(typ="logout+jwt"),
    "a token for another purpose": lambda of: of.token(typ="application/dpop+jwt"),
    "a type that is no text": lambda of: of.token(typ=["JWT"]),
    "oversized": lambda of: of.token(padding="x" * 9000),
}


_SHARED = Issuer()


@pytest.mark.parametrize("defect", DEFECTS)
async def test_invalid_token_is_rejected(trusted: Issuer, defect: str) -> None:
    async with api_client(trusted) as client:
        answer = await client.get(ACCOUNT, headers={"Authorization": f"Bearer {DEFECTS[defect](trusted)}"})
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"].startswith('Bearer realm="producer-registry", error="invalid_token"')
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["code"] == "unauthorized"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic cGM6MzEwOng=", "Token x", "Bearer ü"])
async def test_request_without_bearer_token_is_rejected(trusted: Issuer, header: str | None) -> None:
    async with api_client(trusted) as client:
        headers = [] if header is None else [(b"Authorization", header.encode("latin-1"))]
        answer = await client.get(ACCOUNT, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="producer-registry"'


async def test_request_with_two_tokens_is_rejected(trusted: Issuer) -> None:
    one = ("Authorization", f"Bearer {trusted.token()}")
    async with api_client(trusted) as client:
        assert (await client.get(ACCOUNT, headers=[one, one])).status_code == 401


@pytest.mark.parametrize("scope", [None, "", "admin:read admin:write", "account:reader", [["account:read"], 7], 7])
async def test_request_without_the_scope_is_forbidden(trusted: Issuer, scope: object) -> None:
    async with api_client(trusted) as client:
        headers = {"Authorization": f"Bearer {trusted.token(scope=scope)}"}
        answer = await client.get(ACCOUNT, headers=headers)
    assert answer.status_code == 403
    assert 'error="insufficient_scope", scope="account:read"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("path", ["/groups", "/producers", "/admin/v1/producer-codes", "/admin/v1/roles/producer"])
@pytest.mark.parametrize("scope", ["account:read", "admin:write"])
async def test_admin_paths_require_the_scope_admin_read(trusted: Issuer, path: str, scope: str) -> None:
    async with api_client(trusted) as client:
        answer = await client.get(path, headers={"Authorization": f"Bearer {trusted.token(scope=scope)}"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("name", "key", "algorithm"),
    [
        ("rsa", rsa.generate_private_key(65537, 2048), "RS256"),
        ("ed", ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
        ("ec", ec.generate_private_key(ec.SECP256R1()), "ES256"),
    ],
)
async def test_tokens_of_all_allowed_algorithms_are_accepted(name: str, key: issuer.PrivateKey, algorithm: str) -> None:
    of = Issuer()
    of.keys[name] = key
    caller = await verifier(of).caller(
        [f"bearer {of.token(kid=name, alg=algorithm, scope='account:read x', organizations=[])}"]
    )
    assert caller.subject == "pc:310"
    assert caller.scopes == {ACCOUNT_READ}
    assert caller.organizations == ()


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "at+jwt", "application/at+JWT"])
async def test_the_type_of_an_access_token_is_accepted(trusted: Issuer, typ: str | None) -> None:
    assert (await verifier(trusted).caller([f"Bearer {trusted.token(typ=typ)}"])).subject == "pc:310"


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": f"{ACCOUNT_READ} {ADMIN_READ}"}, {ACCOUNT_READ, ADMIN_READ}),
        ({"scope": [ACCOUNT_READ, ADMIN_READ]}, {ACCOUNT_READ, ADMIN_READ}),
        ({"scope": None, "scp": f"{ACCOUNT_READ} {ADMIN_READ}"}, {ACCOUNT_READ, ADMIN_READ}),
        ({"scope": ACCOUNT_READ, "permissions": ["other", ADMIN_READ]}, {ACCOUNT_READ, ADMIN_READ}),
        ({"scope": ACCOUNT_READ, "permissions": [f"other {ADMIN_READ}"]}, {ACCOUNT_READ}),
        ({"scope": None, "roles": [ADMIN_READ]}, set()),
    ],
)
async def test_scopes_are_read_from_the_configured_claims(
    trusted: Issuer, claims: dict[str, Any], scopes: set[str]
) -> None:
    checking = configured(trusted, scope_claims=["scope", "scp", "permissions"])
    assert (await checking.caller([f"Bearer {trusted.token(**claims)}"])).scopes == scopes


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("realm_access.roles", {"realm_access": {"roles": [ADMIN_READ]}}),
        (
            "resource_access.registry.roles",
            {"resource_access": {"registry": {"roles": [ADMIN_READ]}, "account": {"roles": [ACCOUNT_READ]}}},
        ),
        ("https://registry.example/roles", {"https://registry.example/roles": [ADMIN_READ]}),
        ("a.b", {"a.b": ADMIN_READ, "a": {"b": ACCOUNT_READ}}),
        ("urn:example:roles", {"urn:example:roles": ADMIN_READ}),
    ],
)
async def test_scopes_are_read_from_claims_within_objects_and_with_dots(
    trusted: Issuer, name: str, claims: dict[str, Any]
) -> None:
    checking = configured(trusted, scope_claims=[name])
    assert (await checking.caller([f"Bearer {trusted.token(scope=None, **claims)}"])).scopes == {ADMIN_READ}


@pytest.mark.parametrize("realm_access", [None, "roles", ["roles"], {}, {"roles": {"a": 1}}, {"roles": None}])
async def test_claims_that_are_no_objects_have_no_scopes_within_them(trusted: Issuer, realm_access: object) -> None:
    checking = configured(trusted, scope_claims=["realm_access.roles"])
    assert (await checking.caller([f"Bearer {trusted.token(realm_access=realm_access)}"])).scopes == set()


async def test_the_caller_is_named_by_the_configured_claim(trusted: Issuer) -> None:
    checking = configured(trusted, subject_claim="preferred_username")
    token = trusted.token(sub="00u1x", preferred_username="ann")
    assert (await checking.caller([f"Bearer {token}"])).subject == "ann"
    with pytest.raises(HttpProblem) as refused:
        await checking.caller([f"Bearer {trusted.token()}"])
    assert refused.value.errors[0].message == "The token has no valid claim preferred_username."


async def test_the_caller_is_named_in_the_form_of_usernames(trusted: Issuer) -> None:
    checking = verifier(trusted)
    token = trusted.token(sub="mu\u0308ller")
    assert (await checking.caller([f"Bearer {token}"])).subject == "m\u00fcller"


def configured(of: Issuer, **settings: Any) -> Verifier:
    keys = KeySet("memory", ["ES256"], read=lambda _: of.jwks())
    return Verifier(keys, issuer=issuer.NAME, audience=issuer.AUDIENCE, **settings)


async def test_token_is_accepted_within_the_leeway(trusted: Issuer) -> None:
    for changes in ({"exp": _ago(20)}, {"nbf": _ago(-20)}, {"aud": ["other", issuer.AUDIENCE]}):
        caller = await verifier(trusted).caller([f"Bearer {trusted.token(**changes)}"])
        assert caller.organizations is None


@given(st.text(alphabet=st.characters(max_codepoint=0x7F), max_size=200) | st.binary(max_size=100).map(repr))
async def test_no_token_causes_an_internal_error(text: str) -> None:
    with pytest.raises(HttpProblem) as refused:
        await verifier(_SHARED).caller([f"Bearer {text}"])
    assert refused.value.status == 401


@pytest.mark.parametrize("algorithms", [["HS256"], ["none"], ["ES256", "HS512"], []])
def test_verifier_rejects_unsafe_algorithms(trusted: Issuer, algorithms: list[str]) -> None:
    with pytest.raises(ValueError, match="safely"):
        Verifier(KeySet("x", algorithms), issuer=issuer.NAME, audience=issuer.AUDIENCE, algorithms=algorithms)
    with pytest.raises(ValueError, match="safely"):
        Verifier(KeySet("x", ["ES256"]), issuer="", audience=issuer.AUDIENCE)
