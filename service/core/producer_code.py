"""Producer codes: the alphanumeric ids that stand on policies (producer-codes document)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True)
class CreateCode:
    """Create a producer code; `role_ids` as in the body, dates as `YYYY-MM-DD`."""

    code: str
    organization_id: str
    role_ids: tuple[str, ...]
    description: str | None = None
    branch_id: str | None = None
    status: str = "Active"
    appointment_date: str | None = None
    termination_date: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateCode:
    """Change some attributes (a merge patch): names of State fields to new values, None clears."""

    changes: Mapping[str, object]


ProducerCodeCommand: TypeAlias = CreateCode | UpdateCode


@dataclass(frozen=True, slots=True)
class ProducerCodeCreated:
    """The producer code is known from now on."""

    after: ProducerCode


@dataclass(frozen=True, slots=True)
class ProducerCodeUpdated:
    """Attributes of the producer code changed."""

    before: ProducerCode
    after: ProducerCode


ProducerCodeEvent: TypeAlias = ProducerCodeCreated | ProducerCodeUpdated


@dataclass(frozen=True, slots=True)
class ProducerCode:
    """A producer code; `code` is unique ignoring case, `role_ids` sorted without repeats, dates as `YYYY-MM-DD`."""

    id: str
    code: str
    organization_id: str
    role_ids: tuple[str, ...]
    description: str | None
    branch_id: str | None
    status: str
    appointment_date: str | None
    termination_date: str | None
    version: int


INITIAL: Final[ProducerCode | None] = None
