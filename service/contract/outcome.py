"""The data of outcomes as bytes: of new ones, and again of those of which the store keeps less than the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from service.contract.catalogue import wire_type
from service.contract.data import Outcome, ProblemData, Rejection
from service.contract.dense import dense
from service.core.decision import Status

Sent: TypeAlias = tuple[str, str, str]
"""Source, id and short type of the command that an outcome belongs to."""


def outcome_data(
    command: Sent, subject: str, version: int | None, events: Sequence[str], problem: ProblemData | None = None
) -> bytes:
    """Return the data of an outcome; the same arguments give the same bytes. The subject is empty if there is none."""
    source, id_, type_ = command
    answer: Outcome = {
        "command": {"source": source, "id": id_, "type": wire_type(type_)},
        "subject": subject or None,
        "version": version,
        "events": [*events],
    }
    if problem is None:
        return dense(answer)
    rejection: Rejection = {**answer, "problem": problem}
    return dense(rejection)


def status_of(data: Mapping[str, Any]) -> Status:
    """Return the status of an outcome with this data, which do not name it."""
    return "rejected" if "problem" in data else "accepted" if data["events"] else "unchanged"
