"""PostgreSQL and a Kafka broker. A server is started only if the caller gives no address for it."""

import asyncio
import fcntl
import time
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TextIO

from service.stack import reaper
from service.stack.apache.cluster import Apache
from service.stack.errors import StackError
from service.stack.postgres import Postgres
from service.stack.server import Server
from service.stack.tansu import Tansu

Broker = Literal["tansu", "apache"]

REAPER_SECONDS = 60.0
POLL_SECONDS = 0.05


class ExternalServer:
    """A server that runs outside the stack; start and stop have no effect."""

    def __init__(self, address: str) -> None:
        self.address = address

    async def start(self) -> None:
        """Do nothing: the server is assumed to be running."""

    async def stop(self) -> None:
        """Do nothing: the server continues to run."""


class Stack:
    """The database and the broker of a development run, a demo or a test.

    `data_dir` has their data and is used by one stack at a time; None means temporary folders that `stop` removes. Port
    0 selects a free port. No server is started for an address given as `database_url` or `bootstrap_servers`.
    """

    def __init__(
        self,
        broker: Broker = "tansu",
        data_dir: Path | None = None,
        *,
        kafka_port: int = 0,
        postgres_port: int = 0,
        database_url: str | None = None,
        bootstrap_servers: str | None = None,
    ) -> None:
        self._data_dir = data_dir
        self._lock: TextIO | None = None
        self.postgres: Server = (
            ExternalServer(database_url) if database_url else Postgres(self._folder("postgres"), postgres_port)
        )
        self.kafka: Server
        if bootstrap_servers:
            self.kafka = ExternalServer(bootstrap_servers)
        elif broker == "apache":
            self.kafka = Apache(self._folder("apache"), kafka_port)
        else:
            self.kafka = Tansu(self._folder("tansu"), kafka_port)

    @property
    def database_url(self) -> str:
        """The URL of the database, including the password."""
        return self.postgres.address

    @property
    def bootstrap_servers(self) -> str:
        """Host and port of each broker, separated by commas."""
        return self.kafka.address

    @property
    def starts_empty(self) -> bool:
        """Whether this stack started a broker that keeps its records in memory only, and which is therefore empty."""
        return isinstance(self.kafka, Tansu) and not self.kafka.adopted

    async def start(self) -> None:
        """Start both servers and wait until they are ready. Raises StackError, after both were stopped."""
        await self._lock_data_dir()
        try:
            results = await asyncio.gather(self.postgres.start(), self.kafka.start(), return_exceptions=True)
            for result in results:
                if isinstance(result, BaseException):
                    raise result
        except BaseException:
            # Also after a cancellation: a run that is stopped during startup must not leave servers running.
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the servers that this stack started."""
        await asyncio.gather(self.kafka.stop(), self.postgres.stop())
        if self._lock is not None:
            self._lock.truncate(0)
            self._lock.close()
            self._lock = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _folder(self, name: str) -> Path | None:
        return self._data_dir / name if self._data_dir else None

    async def _lock_data_dir(self) -> None:
        """Lock the data folder against a second stack. The kernel releases the lock when this process ends."""
        if self._data_dir is None:
            return
        try:
            self._data_dir.mkdir(parents=True, exist_ok=True)
            lock = (self._data_dir / "lock").open("a+")
        except OSError as error:
            raise StackError(f"--data-dir {self._data_dir} cannot be used as a folder: {error.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise StackError(
                f"{self._data_dir} is in use by another run; stop that run, or set another --data-dir"
            ) from None
        try:
            await self._outwait(lock)
        except BaseException:
            lock.close()
            raise
        self._lock = lock

    async def _outwait(self, lock: TextIO) -> None:
        """Wait until the reaper of an earlier holder has stopped its servers, and leave the mark of the own reaper."""
        lock.seek(0)
        earlier, mark = lock.read(), reaper.attach().mark
        end = time.monotonic() + REAPER_SECONDS
        while earlier not in ("", mark) and reaper.at_work(earlier) and time.monotonic() < end:  # noqa: ASYNC110  # no event
            await asyncio.sleep(POLL_SECONDS)
        lock.truncate(0)
        lock.write(mark)
        lock.flush()
