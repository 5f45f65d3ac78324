"""Operations of an administrator on a broker: topics, their settings and their ACLs."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from enum import IntEnum
from typing import Any, TypeVar

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, NodeNotReadyError, for_code
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest

from tests.support.wait import eventually

# Settings of a broker that checks ACLs. A topic without an ACL is open to everybody, so other topics are unaffected.
AUTHORIZER = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "true",
}
EVERYONE = "User:*"
ANY_HOST = "*"
# Codes of the Kafka protocol.
ANY_OPERATION = 1
ANY_PERMISSION = 1
ALLOW = 3

T = TypeVar("T")


class Kind(IntEnum):
    """Kinds of resources with ACLs, by their codes in the protocol."""

    TOPIC = 2
    GROUP = 3


class Operation(IntEnum):
    """Operations of an ACL, by their codes in the protocol; READ implies DESCRIBE."""

    READ = 3
    WRITE = 4
    CREATE = 5
    DESCRIBE = 8
    DESCRIBE_CONFIGS = 10


class Pattern(IntEnum):
    """How the name of an ACL is compared with that of a resource, by the codes in the protocol."""

    LITERAL = 3
    PREFIXED = 4


class BrokerAdmin:
    """Changes topics while the service runs."""

    def __init__(self, client: AIOKafkaAdminClient) -> None:
        self._client = client

    async def create(
        self, topic: str, *, partitions: int = 1, replicas: Mapping[int, list[int]] | None = None, **config: str
    ) -> None:
        """Create a topic; names in `config` have underscores in place of dots.

        `replicas` names the nodes of each partition; without it each partition has one replica.
        """
        count, copies = (-1, -1) if replicas else (partitions, 1)
        new = NewTopic(
            topic, count, copies, replica_assignments=replicas and dict(replicas), topic_configs=_dotted(config)
        )
        answer = await self._client.create_topics([new])
        for _, code, *_ in answer.topic_errors:
            _check(code, f"topic {topic}")

    async def configure(self, topic: str, **config: str) -> None:
        """Set the topic's settings; settings that are not named are reset to the broker's defaults."""
        resource = ConfigResource(ConfigResourceType.TOPIC, topic, _dotted(config))
        [answer] = await _until_answered(lambda: self._client.alter_configs([resource]))
        for code, *_ in answer.resources:
            _check(code, f"settings of {topic}")

    async def allow_only(self, name: str, operation: Operation, kind: Kind = Kind.TOPIC) -> None:
        """Allow everybody this operation on a topic or group and the operations that it implies, but no other."""
        await self.allow(kind, name, operation)

    async def allow(
        self,
        kind: Kind,
        name: str,
        operation: Operation,
        *,
        pattern: Pattern = Pattern.LITERAL,
        principal: str = EVERYONE,
    ) -> None:
        """Add an ACL."""
        fields = kind, name, pattern, principal, ANY_HOST, operation, ALLOW
        answer = await self._client._send_request(CreateAclsRequest(*fields))
        for code, *_ in answer.creation_responses:
            _check(code, f"ACL of {name}")
        await self._in_force(fields, 1)

    async def revoke(
        self, kind: Kind, name: str, operation: Operation, *, pattern: Pattern = Pattern.LITERAL, principal: str
    ) -> None:
        """Delete an ACL."""
        fields = kind, name, pattern, principal, ANY_HOST, operation, ALLOW
        answer = await self._client._send_request(DeleteAclsRequest(*fields))
        for code, *_ in answer.filter_responses:
            _check(code, f"ACL of {name}")
        await self._in_force(fields, 0)

    async def allow_everything(self, name: str, kind: Kind = Kind.TOPIC) -> None:
        """Delete every ACL of a topic or group."""
        answer = await self._client._send_request(DeleteAclsRequest(*_any_acl(kind, name)))
        for code, *_ in answer.filter_responses:
            _check(code, f"ACLs of {name}")
        await self._in_force(_any_acl(kind, name), 0)

    async def _in_force(self, fields: tuple[Any, ...], count: int) -> None:
        # The controller confirms an ACL before the broker's authorizer has it. The authorizer answers this request.
        async def in_force() -> bool:
            answer = await self._client._send_request(DescribeAclsRequest(*fields))
            _check(answer.error_code, f"ACLs of {fields[1]}")
            return sum(len(acls) for *_, acls in answer.resources) == count

        await eventually(in_force, what=f"{count} ACLs of {fields[1]}")


@asynccontextmanager
async def broker_admin(bootstrap: str, **login: Any) -> AsyncIterator[BrokerAdmin]:
    """Provide an administrator of this broker for the duration of the block; `login` are options of the client."""
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="operator", **login)
    await client.start()
    try:
        yield BrokerAdmin(client)
    finally:
        await client.close()


async def _until_answered(ask: Callable[[], Awaitable[T]]) -> T:
    """Repeat a request until a node answers: the client library may choose a node that is stopped."""

    async def once() -> list[T]:
        try:
            return [await ask()]
        except (NodeNotReadyError, KafkaConnectionError):
            return []

    [answer] = await eventually(once, what="the answer of a running node")
    return answer


def _any_acl(kind: Kind, name: str) -> tuple[Any, ...]:
    """Return the fields of a filter that matches every ACL of a topic or group."""
    return kind, name, Pattern.LITERAL, None, None, ANY_OPERATION, ANY_PERMISSION


def _dotted(config: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "."): value for name, value in config.items()}


def _check(code: int, what: str) -> None:
    if code:
        raise for_code(code)(what)
