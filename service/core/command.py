"""Commands as the core sees them: who asked, about which aggregate, for what."""

from __future__ import annotations

from typing import TypeAlias

from service.core.group import GroupCodeCommand, GroupCommand
from service.core.organization import OrganizationCommand
from service.core.problem import Problems
from service.core.producer_code import ProducerCodeCommand
from service.core.reference import ReferenceCommand
from service.core.user import UserCodeCommand, UserCommand
from service.core.value import value


@value
class Invalid:
    """A body or envelope that the contract refused; the command is rejected with these problems."""

    problems: Problems


DecidableBody: TypeAlias = (
    OrganizationCommand
    | ReferenceCommand
    | GroupCommand
    | GroupCodeCommand
    | UserCommand
    | UserCodeCommand
    | ProducerCodeCommand
)
Body: TypeAlias = DecidableBody | Invalid


@value
class Command:
    """One command: topic, source and id together make it itself, whatever the body.

    `type` is the short name such as `group.create`. `subject` is the id of the aggregate, already derived on a create
    that named none; it is empty when the sender owed one and gave none (the body is Invalid then).
    """

    topic: str
    source: str
    id: str
    type: str
    subject: str
    expected_version: int | None
    body: Body
