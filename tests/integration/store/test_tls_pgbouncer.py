"""TLS of the database connection, for both drivers: PgBouncer is the server, because the embedded one has no TLS."""

from pathlib import Path

import pytest

from service.settings import Settings, load
from service.store.errors import StoreUnavailable
from service.store.migrate import known_versions, migrate
from tests.support.certificate import Authority
from tests.support.pgbouncer import pgbouncer


@pytest.mark.parametrize("source", ["parameters", "variables"])
@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
async def test_migrate_connects_with_the_mode_and_the_file(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, mode: str
) -> None:
    Authority(tmp_path, "ca").sign("server")
    tls = {"client_tls_key_file": tmp_path / "server.key", "client_tls_cert_file": tmp_path / "server.pem"}
    async with pgbouncer(empty_database_url, "session", client_tls_sslmode="require", **tls) as url:
        parameters = ""
        if source == "parameters":
            parameters = f"?sslmode={mode}&sslrootcert={tmp_path / 'ca.pem'}"
        else:
            monkeypatch.setenv("PGSSLMODE", mode)
            monkeypatch.setenv("PGSSLROOTCERT", str(tmp_path / "ca.pem"))
        assert await migrate(load({"database_url": url + parameters})) == known_versions()


async def test_a_server_of_another_authority_is_refused(empty_database_url: str, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    Authority(tmp_path, "ca").sign("server")
    Authority(other, "ca").sign("server")
    tls = {"client_tls_key_file": tmp_path / "server.key", "client_tls_cert_file": tmp_path / "server.pem"}
    async with pgbouncer(empty_database_url, "session", client_tls_sslmode="require", **tls) as url:
        settings = Settings(database_url=f"{url}?sslmode=verify-full&sslrootcert={other / 'ca.pem'}")
        with pytest.raises(StoreUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
            await migrate(settings)
