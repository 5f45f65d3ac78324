"""Development tokens: signed with the key of the data folder, and not created for another issuer."""

import json
import stat
from pathlib import Path

import jwt
from click.testing import CliRunner, Result

from service.cli.main import cli
from service.http.app import OPERATIONS
from service.http.development_key import ensure_key
from service.http.scope import ADMIN_WRITE, SCOPES


def run(data_dir: Path, *arguments: str, key: bool = True) -> Result:
    if key:
        ensure_key(data_dir)
    options = ["--data-dir", str(data_dir), "--sub", "pc:310", "--scope", "account:read admin:read"]
    return CliRunner().invoke(cli, ["token", *options, *arguments])


def claims(data_dir: Path, token: str) -> dict[str, object]:
    jwks = json.loads((data_dir / "development-jwks.json").read_text())
    key = jwt.PyJWK(jwks["keys"][0])
    decoded: dict[str, object] = jwt.decode(token, key, ["ES256"], audience="producer-registry")
    return decoded


def test_token_is_signed_with_the_key_of_the_data_folder(tmp_path: Path) -> None:
    token = run(tmp_path, "--ttl", "60").stdout.strip()
    decoded = claims(tmp_path, token)
    assert (decoded["sub"], decoded["scope"], "organizations" in decoded) == (
        "pc:310",
        "account:read admin:read",
        False,
    )
    expires_at, issued_at = decoded["exp"], decoded["iat"]
    assert isinstance(expires_at, int)
    assert isinstance(issued_at, int)
    assert expires_at - issued_at == 60
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"


def test_organizations_are_a_list_which_is_empty_if_the_option_is_empty(tmp_path: Path) -> None:
    several = json.loads(run(tmp_path, "--organizations", "pc:1,pc:4", "--json").stdout)["token"]
    empty = run(tmp_path, "--organizations", "").stdout.strip()
    assert claims(tmp_path, several)["organizations"] == ["pc:1", "pc:4"]
    assert claims(tmp_path, empty)["organizations"] == []


def test_private_key_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    run(tmp_path)
    assert stat.S_IMODE((tmp_path / "development-key.pem").stat().st_mode) == 0o600


def test_no_token_is_created_if_another_issuer_is_configured(tmp_path: Path) -> None:
    refused = run(tmp_path, "--jwt-issuer", "https://login.example.com")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "https://login.example.com" in refused.stderr


def test_no_token_is_created_without_a_subject(tmp_path: Path) -> None:
    refused = run(tmp_path, "--sub", " ")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--sub" in refused.stderr


def test_no_key_is_created_where_dev_has_not_run(tmp_path: Path) -> None:
    refused = run(tmp_path / "elsewhere", key=False)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert f"there is no development key in {tmp_path}/elsewhere: run `producer-registry dev`" in refused.stderr
    assert not list(tmp_path.iterdir())


def test_a_scope_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    refused = run(tmp_path, "--scope", "account:read admin:reed")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "admin:reed does not exist; the scopes are account:read, admin:read" in refused.stderr
    assert "a, b do not exist;" in run(tmp_path, "--scope", "a account:read b").stderr
    assert "a scope is required" in run(tmp_path, "--scope", " ").stderr


def test_the_scopes_are_those_of_the_operations() -> None:
    assert set(SCOPES) == {ADMIN_WRITE, *(operation.scope for operation in OPERATIONS if operation.scope is not None)}
