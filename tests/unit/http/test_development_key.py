"""The development key: created once, readable only by its owner, and usable through its key set."""

import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from service.http.caller import Verifier
from service.http.development_key import ISSUER, ensure_key, sign
from service.http.jwks import KeySet


async def test_development_token_is_trusted_by_its_key_set(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    pair = ensure_key(data_dir)
    now = int(time.time())
    token = sign(data_dir, subject="pc:310", scope="account:read", audience="me", issued_at=now, organizations=["pc:1"])
    checking = Verifier(KeySet(str(pair.jwks), ["ES256"]), issuer=ISSUER, audience="me")
    caller = await checking.caller([f"Bearer {token}"])
    assert (caller.subject, caller.organizations, caller.expires) == ("pc:310", ("pc:1",), now + 3600)


def test_private_key_is_readable_only_by_its_owner(tmp_path: Path) -> None:
    pair = ensure_key(tmp_path)
    assert stat.S_IMODE(pair.private_key.stat().st_mode) == 0o600
    assert b'"d"' not in pair.jwks.read_bytes()


def test_concurrent_calls_create_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: ensure_key(tmp_path), range(16)))
    key, jwks = ensure_key(tmp_path).private_key.read_bytes(), ensure_key(tmp_path).jwks.read_bytes()
    ensure_key(tmp_path)
    assert (tmp_path / "development-key.pem").read_bytes() == key
    assert (tmp_path / "development-jwks.json").read_bytes() == jwks
    assert len(list(tmp_path.iterdir())) == 2
