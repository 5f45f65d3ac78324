"""Processes of the service with a missing dependency or privilege, each with its own database and topics."""

import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

from consumers.kafka.session import publishing
from service.contract.topics import Topics
from service.settings import Settings, load
from service.stack import port as ports
from service.stack.tansu import Tansu
from tests.support import database, privilege
from tests.support.ladder import running
from tests.support.process import Service
from tests.support.proxy import Proxy, requests
from tests.support.registry import registry_settings
from tests.support.topics import create_topics
from tests.support.wait import eventually
from tests.support.wire import binary_event

JOIN_GROUP = 11
"""The API key of JoinGroup, the request with which a Kafka consumer joins its group."""

ALWAYS = 1_000_000_000


@dataclass(frozen=True)
class Lack:
    """The missing dependency or privilege of a process of one role.

    `database` is "migrated" (nothing is missing), "empty", "refused", "nowhere", "wrong password", "gone" (after the
    process was ready), "renamed" with a table that has another name, or a privilege that the database role lacks, such
    as "no INSERT ON inbox". `broker` is "there", "refused", "gone", "without topics", "no joining" (no answer) or
    "group refuses". With `commands` there is a command to decide: without one the service cannot notice that a write
    fails.
    """

    role: str
    database: str = "migrated"
    broker: str = "there"
    commands: bool = False

    @property
    def shows_at_start(self) -> bool:
        """Whether the process is never ready, because it detects the problem at its start."""
        return not self.commands and "gone" not in {self.database, self.broker}

    def __str__(self) -> str:
        return f"{self.role}, {f'broker {self.broker}' if self.database == 'migrated' else self.database}"


@dataclass(frozen=True)
class Site:
    """The servers of the test run; the resources of each process are released with the `stack`."""

    postgres: str
    template: str
    broker: str
    idempotent: bool
    folder: Path
    stack: AsyncExitStack

    async def start(self, lack: Lack) -> Service:
        """Start a process with this problem, and otherwise complete."""
        going: list[Proxy] = []
        broker = await self._broker(lack.broker, going)
        url = await self._database(lack.database, going)
        prefix = f"test-{secrets.token_hex(6)}"
        idempotent = self.idempotent and broker == self.broker
        settings = registry_settings(url, broker, prefix, self.folder, idempotent=idempotent)
        if lack.broker not in {"refused", "without topics"}:
            await create_topics(load(settings))
        if lack.broker == "group refuses":
            await self._occupy(Topics(prefix).commands, group=prefix)
        if lack.commands:
            await _command(load(settings))
        service = Service(prefix, self.folder, settings, ("--role", lack.role))
        self.stack.push_async_callback(service.kill)
        service.start()
        for proxy in going:
            await eventually(service.ready, deadline=60, what=f"readiness of {lack}")
            proxy.refusing = True
            proxy.cut()
        return service

    async def _database(self, kind: str, going: list[Proxy]) -> str:
        template = "template1" if kind == "empty" else self.template
        name = await self.stack.enter_async_context(database.made_database(self.postgres, template))
        url = database.url_of(self.postgres, name)
        parts = urlsplit(url)
        match kind:
            case "migrated" | "empty":
                return url
            case "nowhere":
                return database.url_of(url, "nowhere")
            case "refused":
                return _at(url, f"{parts.username}:{parts.password}", f"{ports.HOST}:{_closed_port()}")
            case "gone":
                proxy = await self._proxy(lambda: (parts.hostname or ports.HOST, parts.port or 5432))
                going.append(proxy)
                return _at(url, f"{parts.username}:{parts.password}", f"{ports.HOST}:{proxy.port}")
            case _ if kind.startswith("renamed "):
                await _renamed(url, kind.removeprefix("renamed "))
                return url
            case "wrong password":
                return _at(url, f"{parts.username}:wrong", f"{parts.hostname}:{parts.port or 5432}")
        return await self.stack.enter_async_context(privilege.less(url, kind.removeprefix("no ")))

    async def _broker(self, kind: str, going: list[Proxy]) -> str:
        if kind == "refused":
            return f"{ports.HOST}:{_closed_port()}"
        if kind not in {"gone", "no joining"}:
            return self.broker
        tansu: Tansu
        proxy = await self._proxy(lambda: (ports.HOST, tansu.child.port))
        tansu = Tansu(advertised=proxy.port)
        await self.stack.enter_async_context(running(tansu))
        if kind == "gone":
            going.append(proxy)
        else:
            proxy.trap(requests(JOIN_GROUP), after=False, times=ALWAYS)
        return f"{ports.HOST}:{proxy.port}"

    async def _occupy(self, topic: str, group: str) -> None:
        """Join the group as a member without a common assignor, so that the broker refuses the service."""
        member = AIOKafkaConsumer(
            topic,
            bootstrap_servers=self.broker,
            group_id=group,
            partition_assignment_strategy=(RoundRobinPartitionAssignor,),
            session_timeout_ms=6_000,
        )
        self.stack.push_async_callback(member.stop)
        await member.start()

    async def _proxy(self, target: Callable[[], tuple[str, int]]) -> Proxy:
        proxy = Proxy(target)
        await proxy.start()
        self.stack.push_async_callback(proxy.stop)
        return proxy


def _at(url: str, user: str, address: str) -> str:
    return urlunsplit(urlsplit(url)._replace(netloc=f"{user}@{address}"))


async def _renamed(url: str, table: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(f"ALTER TABLE {table} RENAME TO {table}_before")
    await connection.close()


def _closed_port() -> int:
    """Return a port on which no process listens."""
    return ports.choose(0, server="nobody", setting="")


async def _command(settings: Settings) -> None:
    attributes = {
        "specversion": "1.0",
        "id": "lacking-1",
        "source": "/test",
        "type": "producer-registry.organization.put.v1",
        "subject": "lacking:1",
    }
    value, headers = binary_event(attributes, {"displayName": "One"})
    topic = Topics(settings.topic_prefix).operator_commands
    async with publishing(settings) as publisher:
        await (await publisher.send(topic, value, b"key", [(name, text or b"") for name, text in headers]))
