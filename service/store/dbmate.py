"""The program dbmate, which applies migrations: its address of the database, and its environment.

It has another driver (lib/pq) than the service (asyncpg). It gets one host, and those parameters and variables that its
driver knows; it would end with an error at the others.
"""

import asyncio
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlencode

from service.database_url import DatabaseUrl
from service.masking import MASK
from service.store.errors import StoreUnavailable

DEFAULT_PORT: Final = 5432

_PARAMETERS: Final = (
    "passfile", "sslmode", "sslcert", "sslkey", "sslrootcert", "sslnegotiation", "ssl_min_protocol_version",
    "ssl_max_protocol_version", "connect_timeout", "options",
)  # fmt: skip
_VARIABLES: Final = (
    "HOME", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGPASSFILE", "PGSSLMODE", "PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT",
    "PGSSLNEGOTIATION",
)  # fmt: skip
# Variables of asyncpg that lib/pq has as parameters only.
_AS_PARAMETERS: Final = {
    "PGSSLMINPROTOCOLVERSION": "ssl_min_protocol_version",
    "PGSSLMAXPROTOCOLVERSION": "ssl_max_protocol_version",
}


class MigrationFailed(Exception):
    """A migration failed; the message is the output of dbmate."""


async def apply(
    folder: Path,
    url: DatabaseUrl,
    host: tuple[str, int | None],
    variables: Mapping[str, str],
    settings: Mapping[str, str],
) -> None:
    """Apply the missing migrations of a folder on one host, in sessions that start with these settings.

    Raises MigrationFailed, or StoreUnavailable when the program is not installed.
    """
    if "sslpassword" in url.parameters:
        raise MigrationFailed("sslpassword: dbmate reads no encrypted key; give migrate a key without a password")
    address = address_of(url, host, variables, settings)
    process = await asyncio.create_subprocess_exec(
        _program(), "--no-dump-schema", "--migrations-dir", str(folder), "migrate",
        env={"DATABASE_URL": address, **{name: variables[name] for name in _VARIABLES if name in variables}},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    if process.returncode:
        text = output.decode(errors="replace").strip()
        for secret in filter(None, (url.password, quote(url.password, safe=""))):
            text = text.replace(secret, MASK)
        raise MigrationFailed(text)


def address_of(
    url: DatabaseUrl, host: tuple[str, int | None], variables: Mapping[str, str], settings: Mapping[str, str]
) -> str:
    """Return the URL for dbmate, with the default of asyncpg: TLS if the server offers it."""
    given = url.parameters
    name, port = host[0], host[1] or int(variables.get("PGPORT") or DEFAULT_PORT)
    login = url.parts.netloc.rpartition("@")[0].partition(":")[0]
    user = unquote(login) or given.get("user", "")
    database = unquote(url.parts.path[1:]) or given.get("dbname") or given.get("database") or ""
    parameters = {parameter: given[parameter] for parameter in _PARAMETERS if given.get(parameter)}
    parameters |= {_AS_PARAMETERS[v]: variables[v] for v in _AS_PARAMETERS if variables.get(v)} | parameters
    parameters.setdefault("sslmode", variables.get("PGSSLMODE") or "prefer")
    parameters["application_name"] = f"{given.get('application_name') or 'producer-registry'} migrate"
    if name.startswith("/"):
        parameters |= {"host": name, "port": str(port)}
        address = ""
    else:
        address = f"[{name}]:{port}" if ":" in name else f"{quote(name, safe='')}:{port}"
    credentials = f"{quote(user, safe='')}{':' if url.password else ''}{quote(url.password, safe='')}"
    query = urlencode({**parameters, **settings}, quote_via=quote)
    return f"postgres://{credentials}{'@' if credentials else ''}{address}/{quote(database, safe='')}?{query}"


def _program() -> str:
    """Return the program from this installation, or else from the search path."""
    program = shutil.which("dbmate", path=str(Path(sys.executable).parent)) or shutil.which("dbmate")
    if program is None:
        raise StoreUnavailable("the program dbmate is not installed; install the distribution with its dependencies")
    return program
