"""Processes of the service that have exactly the privileges of deploy/roles.sql and deploy/acls.md."""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.acl import Acl, documented
from tests.support.broker_admin import BrokerAdmin
from tests.support.database_roles import READER, RELAY, WRITER, as_role
from tests.support.process import Service
from tests.support.registry import Registry

ADMIN = "admin"
PASSWORD = secrets.token_hex(12)
USERS = sorted({acl.user for acl in documented()})
_KNOWN = " ".join(f'user_{user}="{PASSWORD}"' for user in (ADMIN, *USERS))
BROKER = {
    "listener.security.protocol.map": "CLIENT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
    "sasl.enabled.mechanisms": "PLAIN",
    "sasl.mechanism.inter.broker.protocol": "PLAIN",
    "listener.name.client.plain.sasl.jaas.config": (
        "org.apache.kafka.common.security.plain.PlainLoginModule required "
        f'username="{ADMIN}" password="{PASSWORD}" {_KNOWN};'
    ),
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "false",
    # Clients of the controller listener have no name. No test uses that listener.
    "super.users": f"User:{ADMIN};User:ANONYMOUS",
}
"""Settings of a broker that knows the users of deploy/acls.md, and allows them only what its ACLs say."""

DATABASE_ROLES = {"consumers": WRITER, "relay": RELAY, "api": READER}


def login(user: str) -> dict[str, Any]:
    """Return the settings of the service for a Kafka user."""
    return {
        "kafka_security_protocol": "SASL_PLAINTEXT",
        "kafka_sasl_username": user,
        "kafka_sasl_password": PASSWORD,
    }


async def allow(admin: BrokerAdmin, acl: Acl) -> None:
    """Add an ACL of the document."""
    await admin.allow(acl.kind, acl.name, acl.operation, pattern=acl.pattern, principal=f"User:{acl.user}")


async def revoke(admin: BrokerAdmin, acl: Acl) -> None:
    """Delete an ACL of the document."""
    await admin.revoke(acl.kind, acl.name, acl.operation, pattern=acl.pattern, principal=f"User:{acl.user}")


class LeastPrivilegeRegistry(Registry):
    """A registry whose processes have a role each. A process of all roles is three processes; a test gets the API."""

    def __init__(self, settings: Mapping[str, object], folder: Path, database_url: str) -> None:
        super().__init__(settings, folder)
        self._database_url = database_url

    def service(self, *arguments: str, **settings: object) -> Service:
        """Return a process of one role that is not started yet."""
        role = arguments[arguments.index("--role") + 1]
        own = {"database_url": as_role(self._database_url, DATABASE_ROLES[role]), **login(f"registry-{role}")}
        return super().service(*arguments, **{**own, **settings})

    async def started_all(self, *arguments: Sequence[str], **settings: object) -> list[Service]:
        """Start the processes, with a consumer and a relay before those that have no role."""
        if any("--role" not in line for line in arguments):
            await super().started_all(("--role", "consumers"), ("--role", "relay"), **settings)
        return await super().started_all(
            *(line if "--role" in line else (*line, "--role", "api") for line in arguments), **settings
        )
