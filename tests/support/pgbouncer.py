"""PgBouncer before the server of a test: a process of its own, with the login of the database URL."""

import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from service.stack import drop_privileges, reaper
from service.stack import port as ports
from service.stack.child import Child
from tests.support.wait import eventually

Mode = Literal["session", "transaction", "statement"]

# Debian installs the program into a folder that may not be on the path.
PATHS = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


@asynccontextmanager
async def pgbouncer(url: str, mode: Mode, **settings: object) -> AsyncIterator[str]:
    """Run PgBouncer in a mode, and yield the URL of the same database through it. `settings` are those of PgBouncer."""
    program = shutil.which("pgbouncer", path=PATHS)
    assert program is not None, "these tests need the program pgbouncer: install the Debian package of that name"
    parts = urlsplit(url)
    folder = reaper.temporary_folder("pgbouncer")
    port = ports.choose(0, server="PgBouncer", setting="")
    users, configuration = folder / "users.txt", folder / "pgbouncer.ini"
    users.write_text(f'"{unquote(parts.username or "")}" "{unquote(parts.password or "")}"\n')
    all_settings = {
        "listen_addr": ports.HOST, "listen_port": port, "unix_socket_dir": "", "auth_type": "scram-sha-256",
        "auth_file": users, "pool_mode": mode, **settings,
    }  # fmt: skip
    lines = ["[databases]", f"* = host={parts.hostname} port={parts.port or 5432}", "[pgbouncer]"]
    configuration.write_text("\n".join([*lines, *(f"{name} = {value}" for name, value in all_settings.items()), ""]))
    child = Child("PgBouncer", folder)
    # It refuses to run as root.
    wrapper = [sys.executable, str(Path(drop_privileges.__file__))]
    child.launch([program, str(configuration)], port=port, wrapper=wrapper if drop_privileges.owner() else [])
    try:
        await eventually(lambda: ports.answers(port), what="PgBouncer")
        login = parts.netloc.rpartition("@")[0]
        yield parts._replace(netloc=f"{login}@{ports.HOST}:{port}").geturl()
    finally:
        await child.stop(signal.SIGTERM, seconds=10)
        shutil.rmtree(folder, ignore_errors=True)
