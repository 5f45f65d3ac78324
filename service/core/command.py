"""Commands as the core sees them: their identity, the aggregate and the requested change."""

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
    """A body or envelope that violates the contract; the command is rejected with these problems.

    `more` is the number of other problems, which are not reported.
    """

    problems: Problems
    more: int = 0


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
    """One command, identified by topic, source and id, whatever the body is.

    `type` is the short name such as `group.create`. `subject` is the id of the aggregate; for a create without a
    subject it is the derived id. It is empty when the subject is malformed, or required and missing (the body is
    Invalid then).
    """

    topic: str
    source: str
    id: str
    type: str
    subject: str
    expected_version: int | None
    body: Body
