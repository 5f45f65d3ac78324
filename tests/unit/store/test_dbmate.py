"""The URL and the variables that dbmate gets: one host, and only what its driver knows."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from service.database_url import DatabaseUrl
from service.store.dbmate import address_of

DEFAULTS = {"sslmode": "prefer", "application_name": "producer-registry migrate"}

CASES = {
    "one host": ("postgresql://u:p@db:6432/r", {}, "u:p@db:6432/r", {}),
    "default port": ("postgresql://u:p@db/r", {}, "u:p@db:5432/r", {}),
    "port of a variable": ("postgresql://u:p@db/r", {"PGPORT": "6432"}, "u:p@db:6432/r", {}),
    "percent-encoded": ("postgresql://u%40x:p%40%2F%23@db/r%2Fx", {}, "u%40x:p%40%2F%23@db:5432/r%2Fx", {}),
    "user and password as parameters": ("postgresql://db/r?user=u&password=p%40w", {}, "u:p%40w@db:5432/r", {}),
    "database as a parameter": ("postgresql://u@db?dbname=r", {}, "u@db:5432/r", {}),
    "no user": ("postgresql://db/r", {"PGUSER": "u"}, "db:5432/r", {}),
    "IPv6": ("postgresql://u:p@[::1]:6432/r", {}, "u:p@[::1]:6432/r", {}),
    "socket": ("postgresql://u:p@%2Frun%2Fpg/r", {}, "u:p@/r", {"host": "/run/pg", "port": "5432"}),
    "socket as a parameter": ("postgresql://u:p@/r?host=/pg&port=1", {}, "u:p@/r", {"host": "/pg", "port": "1"}),
    "files of TLS": (
        "postgresql://u:p@db/r?sslmode=verify-full&sslrootcert=/a&sslcert=/b&sslkey=/c&sslnegotiation=direct", {},
        "u:p@db:5432/r",
        {"sslmode": "verify-full", "sslrootcert": "/a", "sslcert": "/b", "sslkey": "/c", "sslnegotiation": "direct"},
    ),
    "mode of a variable": ("postgresql://u:p@db/r", {"PGSSLMODE": "require"}, "u:p@db:5432/r", {"sslmode": "require"}),
    "version of a variable": (
        "postgresql://u:p@db/r", {"PGSSLMINPROTOCOLVERSION": "TLSv1.3"},
        "u:p@db:5432/r", {"ssl_min_protocol_version": "TLSv1.3"},
    ),
    "what lib/pq does not know": (
        "postgresql://u:p@db/r?channel_binding=prefer&keepalives=1&keepalives_idle=9&sslcrl=/d"
        "&target_session_attrs=read-write", {}, "u:p@db:5432/r", {},
    ),
    "name, time-out and options": (
        "postgresql://u:p@db/r?application_name=own&connect_timeout=3&options=-c%20search_path%3Dx", {},
        "u:p@db:5432/r",
        {"application_name": "own migrate", "connect_timeout": "3", "options": "-c search_path=x"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_url_for_dbmate(case: str) -> None:
    text, variables, address, parameters = CASES[case]
    url = DatabaseUrl.parse(text)
    made = urlsplit(address_of(url, url.hosts[0], variables, {}))
    assert (made.scheme, made.netloc + made.path) == ("postgres", address)
    assert dict(parse_qsl(made.query)) == {**DEFAULTS, **parameters}


def test_the_url_for_dbmate_has_one_host_and_the_settings_of_its_sessions() -> None:
    url = DatabaseUrl.parse("postgresql://u:p@a:1,b:2/r?target_session_attrs=any")
    made = urlsplit(address_of(url, url.hosts[1], {}, {"default_transaction_isolation": "read committed"}))
    assert made.netloc == "u:p@b:2"
    assert dict(parse_qsl(made.query)) == {**DEFAULTS, "default_transaction_isolation": "read committed"}
