"""A registry with its topics: tests send commands and receive events, outcomes and dead letters."""

import asyncio
import contextlib
import itertools
import json
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError

from consumers.kafka.aiokafka_workarounds import decode_any_header_name
from consumers.kafka.client import connection
from service.contract import asyncapi
from service.contract.topics import Topics
from service.http.development_key import ISSUER, ensure_key
from service.settings import Settings, load
from tests.support import database, raw_batch
from tests.support.asyncapi import AsyncApi, check_records
from tests.support.http_client import asker
from tests.support.process import Service
from tests.support.topics import create_topics
from tests.support.wait import eventually
from tests.support.wire import binary_event

DENIED_SECONDS = 0.1
SENDER_MS = 60_000

# Tests send header names that are not text, and dead letters repeat them.
decode_any_header_name()

Headers = Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Out:
    """A published record; `text` has its text headers, `data` its JSON body."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    @property
    def text(self) -> dict[str, str]:
        """Text headers by name."""
        return {name: (value or b"").decode(errors="replace") for name, value in self.headers}

    @property
    def data(self) -> dict[str, Any]:
        """The parsed JSON body."""
        decoded: dict[str, Any] = json.loads(self.value or b"null")
        return decoded


_served: list[AsyncApi] = []
"""The AsyncAPI document of the first process that served one. Those of others differ in topics and texts only."""


class Registry:
    """Topics, a database and the service processes that a test starts; `out` has the published records in order.

    `commands` has the records of the command topics. At the end, all records are compared with the AsyncAPI document.
    """

    def __init__(self, settings: Mapping[str, object], folder: Path) -> None:
        self.settings = dict(settings)
        self.topics = Topics(str(settings["topic_prefix"]))
        self.out: list[Out] = []
        self.commands: list[Out] = []
        self._folder = folder
        self._services: list[Service] = []
        self._names = itertools.count(1)
        self._producer: AIOKafkaProducer

    def service(self, *arguments: str, **settings: object) -> Service:
        """Return a process that is not started yet."""
        service = Service(f"serve-{next(self._names)}", self._folder, {**self.settings, **settings}, arguments)
        self._services.append(service)
        return service

    async def started(self, *arguments: str, **settings: object) -> Service:
        """Start a process and return it when it is ready."""
        [service] = await self.started_all(arguments, **settings)
        return service

    async def started_all(self, *arguments: Sequence[str], **settings: object) -> list[Service]:
        """Start a process for each list of arguments at the same time, and return them when all are ready."""
        services = [self.service(*line, **settings) for line in arguments]
        for service in services:
            service.start()
        for service in services:
            await self.ready(service)
        return services

    async def ready(self, service: Service) -> None:
        """Wait until a process is ready."""

        async def is_ready() -> bool:
            if not service.alive:
                raise RuntimeError(service.last_lines())
            return await service.ready()

        await eventually(is_ready, deadline=60, what=f"readiness of {service.name}")
        await self._keep_document(service)

    async def send(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()) -> tuple[int, int]:
        """Send a record. Return its partition and offset."""
        sent = await self._producer.send_and_wait(topic, value, key=key, headers=list(headers))
        return sent.partition, sent.offset

    async def send_raw(self, topic: str, records: Sequence[raw_batch.Value]) -> None:
        """Send a batch whose header names may be any bytes to the first partition."""
        await raw_batch.send(self._producer, topic, records)

    async def send_together(
        self,
        topic: str,
        partition: int,
        records: Iterable[tuple[bytes | None, Headers]],
        *,
        key: bytes | None = b"key",
    ) -> None:
        """Send records (value, headers) as one batch; they may have neither key nor value."""
        batch = self._producer.create_batch()
        for value, headers in records:
            assert batch.append(key=key, value=value, timestamp=None, headers=list(headers)) is not None
        await (await self._producer.send_batch(batch, topic, partition=partition))

    async def command(
        self,
        kind: str,
        subject: str | None,
        data: object,
        *,
        id: str,  # noqa: A002  # the attribute's name
        key: str | None = "key",
        topic: str | None = None,
        source: str = "/test",
        **more: str,
    ) -> tuple[int, int]:
        """Send a command such as `group.create` in binary mode to its topic; `more` are additional attributes.

        With the key None the record has no key, and the client chooses its partition.
        """
        attributes = {"specversion": "1.0", "id": id, "source": source, "type": f"producer-registry.{kind}.v1", **more}
        if subject is not None:
            attributes["subject"] = subject
        value, headers = binary_event(attributes, data)
        home = topic or self.topics.for_command[attributes["type"]]
        return await self.send(home, None if key is None else key.encode(), value, headers)

    def outcomes(self, id: str) -> list[Out]:  # noqa: A002  # the attribute's name
        """Return all outcomes of a command so far."""
        of_topic = [out for out in self.out if out.topic == self.topics.outcomes]
        return [out for out in of_topic if out.data["command"]["id"] == id]

    async def outcome(self, id: str) -> Out:  # noqa: A002  # the attribute's name
        """Wait for the outcome of a command."""
        found = await eventually(lambda: self.outcomes(id), what=f"the outcome of {id}")
        return found[0]

    async def accepted(self, kind: str, subject: str | None, data: object, *, id: str, **more: str) -> Out:  # noqa: A002
        """Send a command and wait until it is accepted."""
        await self.command(kind, subject, data, id=id, **more)
        outcome = await self.outcome(id)
        assert outcome.text["ce_type"] == "producer-registry.command.accepted.v1", outcome.value
        return outcome

    def events(self, subject: str) -> list[Out]:
        """Return the events of a subject so far, in order of arrival."""
        topics = set(self.topics.events.values())
        return [out for out in self.out if out.topic in topics and out.text.get("ce_subject") == subject]

    async def events_when(self, subject: str, count: int) -> list[Out]:
        """Wait until a subject has this many events, and return them."""
        await eventually(lambda: len(self.events(subject)) >= count, what=f"{count} events of {subject}")
        return self.events(subject)

    async def versions(self, subject: str, count: int) -> list[str]:
        """Wait until a subject has this many versions, and return them in order of first arrival."""

        def first() -> list[str]:
            events = [(event.text["ce_id"], event.text["ce_entityversion"]) for event in self.events(subject)]
            return [version for _, version in dict.fromkeys(events)]

        await eventually(lambda: len(first()) >= count, deadline=60, what=f"{count} events of {subject}")
        return first()

    async def outcomes_when(
        self,
        id: str,  # noqa: A002  # the attribute's name
        count: int,
        *,
        deadline: float = 30.0,
    ) -> list[Out]:
        """Wait until a command has this many outcomes, and return them."""
        await eventually(lambda: len(self.outcomes(id)) >= count, deadline=deadline, what=f"{count} outcomes of {id}")
        return self.outcomes(id)

    @property
    def dead_letters(self) -> list[Out]:
        """Return the dead letters so far."""
        return [out for out in self.out if out.topic == self.topics.dead_letters]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        """Create the topics, follow the output topics, and stop every process at the end."""
        await create_topics(load(self.settings))
        options = connection(load(self.settings))
        # A broker that a test restarts may be away for longer than the time-out of the service's clients.
        self._producer = AIOKafkaProducer(**{**options, "request_timeout_ms": SENDER_MS}, acks="all")
        consumer = AIOKafkaConsumer(**options, auto_offset_reset="earliest", fetch_max_wait_ms=50)
        await self._producer.start()
        await consumer.start()
        following = asyncio.create_task(self._follow(consumer))
        try:
            yield self
            self.check()
        finally:
            for service in self._services:
                if service.started:
                    await service.kill()
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following
            await consumer.stop()
            await self._producer.stop()

    def check(self, replies: Iterable[Out] = ()) -> None:
        """Compare all records, and those of reply topics, with the AsyncAPI document that a process has served."""
        # Without a process that serves the API, the document is made here.
        document = _served[0] if _served else AsyncApi(asyncapi.document(Settings()))
        check_records(document, self.topics.prefix, [*self.out, *replies], self.commands)

    async def _keep_document(self, service: Service) -> None:
        """Keep the document of a process, if it serves the API and is the first one."""
        if _served or "--role" in service.arguments:
            return
        async with asker(service.api_port) as connection:
            status, body = await connection.get("/asyncapi.json")
        assert status == 200, body
        _served.append(AsyncApi(json.loads(body.decode().replace(f'"{self.topics.prefix}.', '"registry.'))))

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        commands = {self.topics.commands, self.topics.operator_commands}
        partitions = int(str(self.settings["partitions"]))
        # A request that names a missing topic may create it.
        topics = self.topics.all(states=bool(self.settings.get("state_topics", True)))
        consumer.assign([TopicPartition(topic, n) for topic in topics for n in range(partitions)])
        while True:
            try:
                r = await consumer.getone()
            except TopicAuthorizationFailedError:
                # A test has taken a permission away for a while. The position is unchanged.
                await asyncio.sleep(DENIED_SECONDS)
                continue
            record = Out(r.topic, r.partition, r.offset, r.key, r.value, tuple(r.headers))
            (self.commands if r.topic in commands else self.out).append(record)


@asynccontextmanager
async def new_registry(
    postgres_url: str, template: str, bootstrap: str, folder: Path, *, idempotent: bool
) -> AsyncIterator[Registry]:
    """Open a registry with a database and topics of its own, without a process."""
    prefix = f"test-{secrets.token_hex(6)}"
    async with database.made_database(postgres_url, template) as name:
        url = database.url_of(postgres_url, name)
        settings = registry_settings(url, bootstrap, prefix, folder, idempotent=idempotent)
        async with Registry(settings, folder).open() as registry:
            yield registry


def registry_settings(
    database_url: str, bootstrap: str, prefix: str, folder: Path, *, idempotent: bool
) -> dict[str, object]:
    """Return settings of a registry on these servers, with a short session time-out so that it joins quickly."""
    return {
        "database_url": database_url,
        "kafka_bootstrap_servers": bootstrap,
        "kafka_idempotent_producer": idempotent,
        "topic_prefix": prefix,
        "consumer_group": prefix,
        "partitions": 4,
        # The embedded broker delays a join by half of this time.
        "session_timeout_ms": 3000,
        "jwks": str(ensure_key(folder).jwks),
        "jwt_issuer": ISSUER,
    }
