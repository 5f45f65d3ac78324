"""Log in to the database of a URL: the hosts in their order, each with its own time-out."""

import asyncio
import socket
from collections.abc import Mapping
from typing import Final

import asyncpg

from service.database_url import DatabaseUrl
from service.settings import Settings, postgres_variables
from service.store.session import Connection

CONNECT_SECONDS: Final = 5.0
"""Time-out of connecting to a host, unless the URL has connect_timeout."""

_KEEPALIVES: Final = {
    "keepalives": (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
    "keepalives_idle": (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
    "keepalives_interval": (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
    "keepalives_count": (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
}


async def log_in(settings: Settings, application: str, connection_class: type[Connection] = Connection) -> Connection:
    """Connect to the first host that answers and has the required role; raise the errors of asyncpg and OSError.

    The driver has one time-out for all hosts: behind a host that does not answer, it would never try the next one.
    """
    url, variables = DatabaseUrl.parse(settings.database_url), postgres_variables()
    given = url.parameters.get("target_session_attrs") or variables.get("PGTARGETSESSIONATTRS")
    failures: list[Exception] = []
    for target in ("standby", "any") if given == "prefer-standby" else (given,):
        for host in url.hosts_in(variables) or (None,):
            try:
                return await log_in_to(host, settings, application, target=target, connection_class=connection_class)
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.TargetServerAttributeNotMatched) as error:
                failures.append(error)
    raise failures[-1]


async def log_in_to(
    host: tuple[str, int | None] | None,
    settings: Settings,
    application: str,
    *,
    target: str | None = None,
    connection_class: type[Connection] = Connection,
) -> Connection:
    """Connect to one host (None for the one that the driver finds); raise the errors of asyncpg, OSError."""
    url = DatabaseUrl.parse(settings.database_url)
    parameters = url.parameters
    name = f"{parameters.get('application_name') or 'producer-registry'} {application}"
    connection: Connection = await asyncpg.connect(
        url.for_driver(),
        host=host and host[0],
        port=host and host[1],
        target_session_attrs=target,  # type: ignore[arg-type]  # the driver takes the text, too
        connection_class=connection_class,
        timeout=float(parameters.get("connect_timeout") or 0) or CONNECT_SECONDS,
        command_timeout=settings.database_command_timeout_seconds,
        server_settings={"application_name": name, **_chosen(parameters, "options")},
    )
    _keep_alive(connection, parameters)
    return connection


def _chosen(parameters: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: parameters[name] for name in names if parameters.get(name)}


def _keep_alive(connection: Connection, parameters: Mapping[str, str]) -> None:
    transport: asyncio.Transport = connection._transport  # type: ignore[attr-defined]  # there is no public way
    opened = transport.get_extra_info("socket")
    if opened.family != socket.AF_UNIX:
        for name, text in _chosen(parameters, *_KEEPALIVES).items():
            opened.setsockopt(*_KEEPALIVES[name], int(text))
