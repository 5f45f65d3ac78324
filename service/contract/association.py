"""Associations in the format of events."""

from __future__ import annotations

from service.contract import data
from service.contract.attribute import identified
from service.core.association import GroupAssociation, UserAssociation


def group_association(association: GroupAssociation, code: str) -> data.GroupProducerCode:
    """Return the event data of a group's association; `code` is the code's string."""
    return {
        "id": association.id,
        "group": {"id": association.group_id},
        "producerCode": {"id": association.code_id, "code": code},
    }


def user_association(association: UserAssociation, code: str) -> data.UserProducerCode:
    """Return the event data of a user's association; `code` is the code's string."""
    return {
        "id": association.id,
        "user": {"id": association.user_id},
        "producerCode": {"id": association.code_id, "code": code},
        "roles": identified(association.role_ids),
    }
