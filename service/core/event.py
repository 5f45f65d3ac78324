"""The closed union of all events."""

from __future__ import annotations

from typing import TypeAlias

from service.core.association import AssociationEvent
from service.core.group import GroupEvent
from service.core.organization import OrganizationEvent
from service.core.producer_code import ProducerCodeEvent
from service.core.reference import ReferenceEvent
from service.core.user import UserEvent

Event: TypeAlias = OrganizationEvent | ReferenceEvent | GroupEvent | UserEvent | ProducerCodeEvent | AssociationEvent
