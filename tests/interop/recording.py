"""Messages of every type, as a service and its senders have written them."""

import json
import time
from itertools import cycle
from pathlib import Path

import asyncpg
import httpx2

from service.http.development_key import sign
from tests.interop.commands import Commands, Event
from tests.support.checker.evidence import Seen
from tests.support.poison import POISONS
from tests.support.process import Service
from tests.support.program import program
from tests.support.registry import Registry
from tests.support.topic_log import read_topics
from tests.support.wait import eventually
from tests.support.wire import Headers, binary_event, structured_event

DEFECT = "ALTER TABLE organization ADD CONSTRAINT defect CHECK (display_name <> 'Defect')"
MODES = cycle((binary_event, structured_event))


async def record(registry: Registry, service: Service, bootstrap: str) -> list[Seen]:
    """Let a service write messages of all types, end it, and return all records of all topics."""
    url = str(registry.settings["database_url"])
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(DEFECT)
    finally:
        await connection.close()
    commands = Commands("recorded")
    first, *others = commands.directory()
    await decided(registry, [first, *others], "accepted")
    await decided(registry, commands.objects(), "accepted")
    await decided(registry, commands.products(), "accepted")
    await decided(registry, commands.removals(), "accepted")
    await decided(registry, commands.directory("Übersee"), "accepted")
    await decided(registry, commands.associations("add"), "accepted", again="/again")
    await decided(registry, commands.associations("add"), "unchanged", again="/unchanged")
    await decided(registry, commands.objects()[:1], "rejected", again="/rejected")
    await send(registry, first)
    await registry.outcomes_when(first["id"], 2)
    [last, *_] = commands.directory("Übersee")
    for key in (None, b"\xff\x00"):
        await send(registry, {**last, "id": f"key {key!r}"}, key)
        await has_outcome(registry, f"key {key!r}", "unchanged")
    await write(registry, service, first["subject"])

    await send(registry, {**first, "id": "defect", "data": {"displayName": "Defect"}})
    await send(registry, {**first, "id": "type", "type": "producer-registry.unknown.v1"})
    poisons: list[tuple[bytes | None, Headers]] = [create()[1:] for create in POISONS.values()]
    for value, headers in (*poisons, (b" " * 300_000, poisons[0][1])):
        await registry.send(registry.topics.commands, b"key", value, headers)
    await eventually(lambda: len(registry.dead_letters) == 3 + len(poisons), what="the dead letters")

    ended = await program("resend", "--json", database_url=url, topic_prefix=registry.topics.prefix)
    assert ended.code == 0, ended.err
    snapshots = sum(json.loads(ended.out).values())

    events = registry.topics.events.values()

    def all_published() -> bool:
        # The records of the state topics have the same types.
        resent = [out for out in registry.out if out.topic in events and "snapshot" in out.text.get("ce_type", "")]
        assert len(resent) == snapshots
        return True

    await eventually(all_published, what="the snapshots")
    # A relay sends state records again some seconds after it took over a shard.
    assert await service.stop() == 0
    return await read_topics(bootstrap, registry.topics.all())


async def decided(registry: Registry, commands: list[Event], status: str, again: str = "") -> None:
    """Send commands to one topic, and wait until their outcomes have a status; `again` is appended to their ids."""
    sent = [{**command, "id": command["id"] + again} for command in commands]
    for command in sent:
        await send(registry, command)
    for command in sent:
        await has_outcome(registry, command["id"], status)


async def has_outcome(registry: Registry, id: str, status: str) -> None:  # noqa: A002  # the attribute's name
    """Wait for the outcome of a command, which must have a status."""
    outcome = await registry.outcome(id)
    assert outcome.text["ce_type"] == f"producer-registry.command.{status}.v1", outcome.value


async def send(registry: Registry, event: Event, key: bytes | None = b"key") -> None:
    """Send a command, alternately in binary and in structured mode. Those with one key are decided in order."""
    attributes = {name: str(value) for name, value in event.items() if name not in {"data", "datacontenttype"}}
    value, headers = next(MODES)(attributes, event["data"])
    topic = registry.topics.for_command.get(event["type"], registry.topics.commands)
    await registry.send(topic, key, value, headers)


async def write(registry: Registry, service: Service, organization: str) -> None:
    """Create a group over HTTP, so that the API publishes a command. The name of the caller is not a URI."""
    folder, now = Path(str(registry.settings["jwks"])).parent, int(time.time())
    token = sign(folder, subject="Zoë |", scope="admin:write", audience="producer-registry", issued_at=now)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "http", "Prefer": "wait=60"}
    body = {"type": "region", "value": "Süd", "distributor_id": organization}
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{service.api_port}", timeout=90) as client:
        answer = await client.post("/groups", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
