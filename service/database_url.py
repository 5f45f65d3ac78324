"""The URL of the database: its parts, and its problems, which are found before anything connects.

No message contains the user name, a host or the name of the database: with a misplaced character, each of them may be
a part of the password.
"""

import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TypeAlias
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit, urlunsplit

SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_TLS_VERSIONS: Final = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_CHOICES: Final = {
    "sslmode": SSL_MODES,
    "target_session_attrs": ("any", "primary", "standby", "prefer-standby", "read-write", "read-only"),
    "channel_binding": ("disable", "prefer", "require"),
    "sslnegotiation": ("postgres", "direct"),
    "ssl_min_protocol_version": _TLS_VERSIONS,
    "ssl_max_protocol_version": _TLS_VERSIONS,
    "gsslib": ("gssapi", "sspi"),
}
_VARIABLES: Final = {
    "PGSSLMODE": "sslmode",
    "PGTARGETSESSIONATTRS": "target_session_attrs",
    "PGSSLNEGOTIATION": "sslnegotiation",
    "PGSSLMINPROTOCOLVERSION": "ssl_min_protocol_version",
    "PGSSLMAXPROTOCOLVERSION": "ssl_max_protocol_version",
    "PGGSSLIB": "gsslib",
}
"""Variables that asyncpg reads for parameters that the URL does not have."""
_NUMBERS: Final = ("connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count")
_DRIVER: Final = (
    "host", "port", "dbname", "database", "user", "password", "passfile", "sslmode", "sslcert", "sslkey", "sslrootcert",
    "sslcrl", "sslpassword", "sslnegotiation", "ssl_min_protocol_version", "ssl_max_protocol_version",
    "target_session_attrs", "krbsrvname", "gsslib",
)  # fmt: skip
"""Parameters that asyncpg handles. It would send any other to the server as a setting of the session."""
PARAMETERS: Final = tuple(sorted({*_DRIVER, *_NUMBERS, "application_name", "channel_binding", "options"}))
_HOST: Final = re.compile(r"(?P<socket>/.*)|(?:\[(?P<address>[^\]]+)\]|(?P<name>[^:\[\]]+))(?::(?P<port>.*))?")
_ENCODE: Final = "percent-encode it in the user name and the password (@ is %40, / is %2F, ? is %3F, # is %23)"


Hosts: TypeAlias = tuple[tuple[str, int | None], ...]
"""Names, addresses or folders of unix sockets, each with its port or None."""


class InvalidUrl(ValueError):
    """A URL that cannot be used; the message names the problem and has no part of the password."""


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """The parts of a URL. `hosts` are those of its address or of the parameter `host`, each with its port or None."""

    parts: SplitResult
    hosts: Hosts
    parameters: Mapping[str, str]

    @classmethod
    def parse(cls, url: str) -> Self:
        """Split a URL; raise InvalidUrl."""
        if not url.startswith(("postgresql://", "postgres://")):
            raise InvalidUrl("expected a URL such as postgresql://user:password@host:5432/registry")
        if url.count("@") > 1:
            raise InvalidUrl(f"it has more than one @; {_ENCODE}")
        try:
            parts = urlsplit(url)
        except ValueError:
            raise InvalidUrl("it cannot be split into its parts; check the brackets") from None
        if "@" in url and "@" not in parts.netloc:
            raise InvalidUrl(f"the user name or the password has a / or ? or #; {_ENCODE}")
        if "#" in url:
            raise InvalidUrl(f"it has a #; {_ENCODE}")
        try:
            fields = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        except ValueError:
            raise InvalidUrl("each parameter after ? must be name=value") from None
        parameters = dict(fields)
        if unknown := sorted(parameters.keys() - set(PARAMETERS)):
            named = ", ".join(name for name in unknown if name.isidentifier()) or "(not a name)"
            raise InvalidUrl(f"unknown parameter {named}; known are {', '.join(PARAMETERS)}")
        named = parts.netloc.rpartition("@")[2] or parameters.get("host", "")
        return cls(parts, _with_ports(_hosts(named), parameters.get("port", ""), "the parameter port"), parameters)

    def hosts_in(self, environment: Mapping[str, str]) -> Hosts:
        """Return the hosts of the URL, or else of PGHOST. A host without a port has that of PGPORT; raise InvalidUrl.

        The driver matches several hosts with several ports only when it gets all of them, but it gets one at a time.
        """
        hosts = self.hosts or _hosts(environment.get("PGHOST", ""))
        if all(port for _, port in hosts):
            return hosts
        if port := self.parameters.get("port"):
            return _with_ports(hosts, port, "the parameter port")
        return _with_ports(hosts, environment.get("PGPORT", ""), "the variable PGPORT")

    def check(self, environment: Mapping[str, str]) -> None:
        """Check the values of parameters, and the files of TLS, also those that variables name; raise InvalidUrl."""
        for name, choices in _CHOICES.items():
            if self.parameters.get(name, choices[0]) not in choices:
                raise InvalidUrl(f"{name} must be one of {', '.join(choices)}")
        for name in _NUMBERS:
            value = self.parameters.get(name, "0")
            if not (value.isascii() and value.isdecimal() and len(value) < 7):
                raise InvalidUrl(f"{name} must be a whole number")
        for variable, name in _VARIABLES.items():
            if environment.get(variable, _CHOICES[name][0]) not in _CHOICES[name]:
                raise InvalidUrl(f"the variable {variable} must be one of {', '.join(_CHOICES[name])}")
        _hosts(environment.get("PGHOST", ""))
        self.hosts_in(environment)
        for text in filter(None, environment.get("PGPORT", "").split(",")):
            _port(text)
        _check_tls(self.parameters, environment)

    @property
    def password(self) -> str:
        """The password of the URL, empty when it has none."""
        login = self.parts.netloc.rpartition("@")[0]
        return unquote(login.partition(":")[2]) or self.parameters.get("password", "")

    def for_driver(self) -> str:
        """Return the URL with only those parameters that asyncpg handles."""
        query = urlencode({name: value for name, value in self.parameters.items() if name in _DRIVER})
        return urlunsplit(self.parts._replace(query=query))


def _hosts(named: str) -> Hosts:
    """Split a list of hosts with commas."""
    return tuple(_host(text) for text in named.split(",")) if named else ()


def _with_ports(hosts: Hosts, port: str, what: str) -> Hosts:
    """Complete hosts without a port: one port for all, or a list with one for each host."""
    ports = [_port(text) for text in port.split(",")] if port else [None]
    if len(ports) not in {1, len(hosts)} and hosts:
        raise InvalidUrl(f"{what} must have one port, or one for each host")
    return tuple((host, own or ports[number % len(ports)]) for number, (host, own) in enumerate(hosts))


def _host(text: str) -> tuple[str, int | None]:
    found = _HOST.fullmatch(text)
    if found is None:
        raise InvalidUrl("a host is missing, or an IPv6 address is not in brackets")
    host = found["socket"] or found["address"] or found["name"]
    return unquote(host), _port(found["port"]) if found["port"] else None


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and 0 < int(text) < 65536):
        raise InvalidUrl("a port is not a number from 1 to 65535")
    return int(text)


def _check_tls(parameters: Mapping[str, str], environment: Mapping[str, str]) -> None:
    mode = parameters.get("sslmode") or environment.get("PGSSLMODE") or "prefer"
    negotiation = parameters.get("sslnegotiation") or environment.get("PGSSLNEGOTIATION")
    if negotiation == "direct" and mode in SSL_MODES[:3]:
        raise InvalidUrl(f"sslnegotiation=direct needs sslmode={', '.join(SSL_MODES[3:])}")
    if parameters.get("channel_binding") == "require" and mode != "verify-full":
        raise InvalidUrl(
            "channel_binding=require needs sslmode=verify-full, which proves the identity of the server:"
            " the driver has no channel binding; otherwise use channel_binding=prefer"
        )
    if mode == "disable":
        return
    files = {
        name: parameters.get(name) or environment.get(f"PG{name.upper()}", "")
        for name in ("sslrootcert", "sslcrl", "sslcert", "sslkey")
    }
    if mode.startswith("verify-") and not files["sslrootcert"]:
        root = Path(environment.get("HOME", "/")) / ".postgresql/root.crt"
        if not root.exists():
            raise InvalidUrl(f"sslmode={mode} needs the parameter sslrootcert, the file of the trusted certificates")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for name in ("sslrootcert", "sslcrl"):
        if files[name]:
            _load(name, files[name], lambda file: context.load_verify_locations(cafile=file))
    if files["sslcert"]:
        key = files["sslkey"] or None
        password = parameters.get("sslpassword", "")
        _load("sslcert", files["sslcert"], lambda file: context.load_cert_chain(file, key, lambda: password))


def _load(name: str, file: str, load: Callable[[str], None]) -> None:
    try:
        load(file)
    except OSError as error:
        reason = "is not a valid PEM file" if isinstance(error, ssl.SSLError) else error.strerror
        raise InvalidUrl(f"{name}={file}: {reason}") from None
