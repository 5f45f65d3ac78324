"""Which database URLs are refused, with which message, and which are accepted: never with a word of the password."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli.main import COMMANDS, cli
from service.database_url import DatabaseUrl
from service.settings import InvalidSettings, load

SECRET = "s3cret"
"""A word of each planted password, which no output may have."""

REFUSED = {
    "two @": ("postgresql://registry:pw@s3cret@db/registry", "more than one @; percent-encode it"),
    "two @ with a port": ("postgresql://registry:pw@s3cret@db:5432/registry", "more than one @"),
    "/ in the password": ("postgresql://registry:pw/s3cret@db/registry", "has a / or ? or #; percent-encode it"),
    "? in the password": ("postgresql://registry:pw?s3cret@db/registry", "has a / or ? or #"),
    "# in the password": ("postgresql://registry:pw#s3cret@db/registry", "has a / or ? or #"),
    "@ and / in the password": ("postgresql://registry:p@w/s3cret@db/registry", "more than one @"),
    "@ and ? in the password": ("postgresql://registry:pw@s?s3cret=1@db/registry", "more than one @"),
    "[ in the password": ("postgresql://registry:[s3cret@db/registry", "check the brackets"),
    "no @": ("postgresql://registry:s3cret", "a port is not a number"),
    "fragment": ("postgresql://registry:s3cret@db/registry#x", "has a #"),
    "other scheme": ("mysql://registry:s3cret@db/registry", "expected a URL such as postgresql://"),
    "key and value": ("host=db user=registry password=s3cret", "expected a URL such as postgresql://"),
    "port": ("postgresql://registry:s3cret@db:5x/registry", "a port is not a number from 1 to 65535"),
    "port 0": ("postgresql://registry:s3cret@db:0/registry", "a port is not a number from 1 to 65535"),
    "port too high": ("postgresql://registry:s3cret@db:65536/registry", "a port is not a number from 1 to 65535"),
    "empty host": ("postgresql://registry:s3cret@db,,other/registry", "a host is missing"),
    "IPv6 without brackets": ("postgresql://registry:s3cret@::1/registry", "IPv6 address is not in brackets"),
    "ports of other hosts": ("postgresql://registry:s3cret@a,b,c/registry?port=1,2", "one for each host"),
    "unknown parameter": ("postgresql://registry:s3cret@db/registry?ssl_mode=s3cret", "unknown parameter ssl_mode"),
    "setting of the server": ("postgresql://registry:s3cret@db/registry?work_mem=1", "unknown parameter work_mem"),
    "name of the password": ("postgresql://registry@db/registry?passwd=s3cret", "unknown parameter passwd"),
    "no name": ("postgresql://registry@db/registry?s3cret", "each parameter after ? must be name=value"),
    "not a name": ("postgresql://registry:s3cret@db/registry?s3cret!=1", "unknown parameter (not a name)"),
    "sslmode": ("postgresql://registry:s3cret@db/registry?sslmode=s3cret", "sslmode must be one of disable, allow, "),
    "target": ("postgresql://registry:s3cret@db/registry?target_session_attrs=s3cret", "target_session_attrs must be"),
    "channel binding": ("postgresql://registry:s3cret@db/registry?channel_binding=s3cret", "channel_binding must be"),
    "required channel binding": ("postgresql://registry:s3cret@db/registry?channel_binding=require", "needs sslmode="),
    "time-out": ("postgresql://registry:s3cret@db/registry?connect_timeout=s3cret", "connect_timeout must be a whole"),
    "keepalives": ("postgresql://registry:s3cret@db/registry?keepalives_idle=-1", "keepalives_idle must be a whole"),
    "version of TLS": ("postgresql://u:s3cret@db/r?ssl_min_protocol_version=1.2", "must be one of TLSv1, TLSv1.1, "),
    "direct TLS": ("postgresql://u:s3cret@db/r?sslnegotiation=direct", "sslnegotiation=direct needs sslmode=require"),
    "no root file": ("postgresql://registry:s3cret@db/registry?sslmode=verify-full", "sslmode=verify-full needs"),
    "no root file for the CA": ("postgresql://u:s3cret@db/r?sslmode=verify-ca", "sslmode=verify-ca needs"),
    "root file": ("postgresql://u:s3cret@db/r?sslmode=verify-full&sslrootcert=/no/root.crt", "/no/root.crt: No such"),
    "revocation file": ("postgresql://u:s3cret@db/r?sslcrl=/no/root.crl", "sslcrl=/no/root.crl: No such file"),
    "client certificate": ("postgresql://u:s3cret@db/r?sslcert=/no/client.crt", "sslcert=/no/client.crt: No such file"),
}  # fmt: skip

ACCEPTED = {
    "hosts": ("postgresql://u:p@a:1,b:2/r?target_session_attrs=read-write", (("a", 1), ("b", 2))),
    "hosts with a port for all": ("postgresql://u:p@a,b/r?port=6432", (("a", 6432), ("b", 6432))),
    "prefer-standby": ("postgresql://u:p@a,b/r?target_session_attrs=prefer-standby", (("a", None), ("b", None))),
    "sslmode": ("postgresql://u:p@db/r?sslmode=require", (("db", None),)),
    "channel binding": ("postgresql://u:p@db/r?channel_binding=prefer", (("db", None),)),
    "required channel binding": (
        "postgresql://u:p@db/r?sslmode=verify-full&sslrootcert={root}&channel_binding=require",
        (("db", None),),
    ),
    "files": ("postgresql://u:p@db/r?sslmode=verify-full&sslrootcert={root}", (("db", None),)),
    "time-out": ("postgresql://u:p@db/r?connect_timeout=3", (("db", None),)),
    "keepalives": (
        "postgresql://u:p@db/r?keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=3",
        (("db", None),),
    ),
    "application name": ("postgresql://u:p@db/r?application_name=own", (("db", None),)),
    "options": ("postgresql://u:p@db/r?options=-c%20search_path%3Down", (("db", None),)),
    "socket as a parameter": ("postgresql://u:p@/r?host=/run/postgresql", (("/run/postgresql", None),)),
    "socket as the host": ("postgresql://u:p@%2Frun%2Fpostgresql:5433/r", (("/run/postgresql", 5433),)),
    "IPv6": ("postgresql://u:p@[::1]:5433/r", (("::1", 5433),)),
    "percent-encoded": ("postgresql://u%40x:p%40%2F%3F%23%25s@db/r%2Fx", (("db", None),)),
    "nothing": ("postgresql:///r", ()),
}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither settings nor files of the machine that runs the tests."""
    for name in [variable for variable in os.environ if variable.startswith(("REGISTRY_", "PG"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_url_is_reported_without_the_password(case: str) -> None:
    url, message = REFUSED[case]
    with pytest.raises(InvalidSettings) as refused:
        load({"database_url": url})
    text = str(refused.value)
    assert text.startswith("REGISTRY_DATABASE_URL is invalid: ")
    assert message in text
    assert SECRET not in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses_such_a_url_with_exit_code_2(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = {
        "outbox": ["list"],
        "topics": ["check"],
        "schemas": ["register"],
        "dead-letters": ["list"],
        "tail": ["events"],
    }
    arguments["token"] = ["--sub", "a", "--scope", "admin:read"]
    for url, _ in REFUSED.values():
        monkeypatch.setenv("REGISTRY_DATABASE_URL", url)
        ended = CliRunner().invoke(cli, [command, *arguments.get(command, [])])
        assert (ended.exit_code, SECRET in ended.output) == (2, False), (command, url, ended.output)
        assert ended.output.startswith("REGISTRY_DATABASE_URL is invalid: "), (command, url)
        assert ended.stdout == "", (command, url)


@pytest.mark.parametrize("case", ACCEPTED)
def test_an_accepted_url_has_its_hosts(case: str, root_file: Path) -> None:
    url, hosts = ACCEPTED[case]
    settings = load({"database_url": url.format(root=root_file)})
    assert DatabaseUrl.parse(settings.database_url).hosts == hosts


@pytest.fixture(scope="session")
def root_file() -> Path:
    """The trusted certificates of this machine's Python."""
    import certifi

    return Path(certifi.where())


def test_the_mode_and_the_files_of_variables_are_checked(monkeypatch: pytest.MonkeyPatch, root_file: Path) -> None:
    given = {"database_url": "postgresql://u:s3cret@db/r"}
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    with pytest.raises(InvalidSettings, match="sslmode=verify-full needs the parameter sslrootcert"):
        load(given)
    monkeypatch.setenv("PGSSLROOTCERT", str(root_file))
    load(given)
    monkeypatch.setenv("PGSSLCERT", "/no/client.crt")
    with pytest.raises(InvalidSettings, match=r"sslcert=/no/client\.crt: No such file"):
        load(given)
    monkeypatch.setenv("PGSSLMODE", "some")
    with pytest.raises(InvalidSettings, match="the variable PGSSLMODE must be one of disable, "):
        load(given)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("PGTARGETSESSIONATTRS", "writable", "the variable PGTARGETSESSIONATTRS must be one of any, primary, "),
        ("PGSSLMINPROTOCOLVERSION", "1.2", "the variable PGSSLMINPROTOCOLVERSION must be one of TLSv1, "),
        ("PGHOST", "a,,b", "a host is missing"),
        ("PGPORT", "postgres", "a port is not a number"),
        ("PGPORT", "5432,5433", "the variable PGPORT must have one port, or one for each host"),
    ],
)
def test_variables_of_the_driver_are_checked(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidSettings, match=message):
        load({"database_url": "postgresql://u:s3cret@db/r"})


def test_a_file_that_is_no_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "root.crt").write_text("no certificate")
    with pytest.raises(InvalidSettings, match=r"sslrootcert=.*root\.crt: is not a valid PEM file"):
        load({"database_url": f"postgresql://u:s3cret@db/r?sslrootcert={tmp_path / 'root.crt'}"})
