"""Which database server and which broker a test run takes: a given address, else Docker, else the embedded stack."""

import asyncio
import functools
import gc
import os
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from service.stack.apache.cluster import Apache
from service.stack.postgres import Postgres
from service.stack.server import Server
from service.stack.tansu import Tansu

DATABASE_VARIABLE = "REGISTRY_TEST_DATABASE_URL"
BROKER_VARIABLE = "REGISTRY_TEST_KAFKA_BOOTSTRAP_SERVERS"
POSTGRES_IMAGE = "postgres:18"
PREPARED = "8"
"""Prepared transactions that a database server takes: tests leave one open as other applications may."""
DOCKER_SOCKET = Path("/var/run/docker.sock")
KAFKA_IMAGE = "confluentinc/cp-kafka:8.1.0"

Kind = Literal["given", "docker", "embedded", "tansu", "apache"]


@dataclass(frozen=True)
class Rung:
    """The step of the ladder that was taken, and the words for it in the header of the run."""

    kind: Kind
    words: str
    address: str = ""

    @property
    def is_apache(self) -> bool:
        """Whether a broker of this rung is Apache Kafka, as far as is known."""
        return self.kind != "tansu"


def database_rung() -> Rung:
    """Choose the database server."""
    if given := os.environ.get(DATABASE_VARIABLE):
        return Rung("given", f"the PostgreSQL of {DATABASE_VARIABLE}", given)
    if docker_answers():
        return Rung("docker", f"PostgreSQL in Docker ({POSTGRES_IMAGE})")
    return Rung("embedded", "embedded PostgreSQL")


def broker_rung(wanted: str | None) -> Rung:
    """Choose the broker; `wanted` is the option --broker, which goes before Docker."""
    if given := os.environ.get(BROKER_VARIABLE):
        return Rung("given", f"the broker of {BROKER_VARIABLE}", given)
    if wanted == "apache":
        return Rung("apache", "Apache Kafka with java")
    if wanted != "tansu" and docker_answers():
        return Rung("docker", f"Apache Kafka in Docker ({KAFKA_IMAGE})")
    return Rung("tansu", "embedded Tansu (memory only)")


@functools.cache
def docker_answers() -> bool:
    """Tell whether a Docker engine answers."""
    if not os.environ.get("DOCKER_HOST") and not DOCKER_SOCKET.exists():
        return False
    import docker

    with warnings.catch_warnings():
        # A client that gets no answer leaves its socket to the collector.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            client = docker.from_env(timeout=2)
            try:
                return bool(client.ping())
            finally:
                client.close()
        except (docker.errors.DockerException, OSError):
            return False
        finally:
            gc.collect()


@asynccontextmanager
async def database_server(rung: Rung) -> AsyncIterator[str]:
    """Run the database server of a rung and give its URL; what was started is stopped again."""
    match rung.kind:
        case "given":
            yield rung.address
        case "docker":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                from testcontainers.community.postgres import PostgresContainer
            container = PostgresContainer(POSTGRES_IMAGE, driver=None).with_command(
                f"-c max_connections=200 -c max_prepared_transactions={PREPARED}"
            )
            await asyncio.to_thread(container.start)
            try:
                yield container.get_connection_url()
            finally:
                await asyncio.to_thread(container.stop)
        case _:
            async with running(Postgres(settings={"max_prepared_transactions": PREPARED})) as address:
                yield address


@asynccontextmanager
async def broker(rung: Rung) -> AsyncIterator[str]:
    """Run the broker of a rung and give its bootstrap servers; what was started is stopped again."""
    match rung.kind:
        case "given":
            yield rung.address
        case "docker":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                from testcontainers.community.kafka import KafkaContainer
            container = KafkaContainer(KAFKA_IMAGE).with_kraft()
            await asyncio.to_thread(container.start)
            try:
                yield container.get_bootstrap_server()
            finally:
                await asyncio.to_thread(container.stop)
        case kind:
            async with running(Apache() if kind == "apache" else Tansu()) as address:
                yield address


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[str]:
    """Start a server, give its address and stop it again."""
    try:
        await server.start()
        yield server.address
    finally:
        await server.stop()
