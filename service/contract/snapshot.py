"""Snapshot messages of current states, for new subscribers."""

from __future__ import annotations

from dataclasses import dataclass

from service.contract.catalogue import SOURCE
from service.contract.change import Change, Snapshot, association_snapshot, snapshot
from service.contract.message import Message
from service.contract.render import Stamp, change_message, extra_headers, stamp_of
from service.contract.topics import Topics
from service.core.association import GroupAssociation, UserAssociation


def state_message(state: Snapshot, run: str, position: int, taken_at: str, topics: Topics) -> Message:
    """Return the snapshot message of a state, for the event topic of its subject, with the current version.

    `run` identifies the resend: the ids of snapshots differ between runs, so that subscribers do not ignore them as
    duplicates. `taken_at` is UTC in RFC 3339.
    """
    return _message(snapshot(state), run, position, stamp_of(taken_at, topics))


@dataclass(frozen=True, slots=True)
class Held:
    """The current state of an association, with the code's string and the owner's version."""

    association: GroupAssociation | UserAssociation
    code: str
    owner_version: int


def association_message(held: Held, run: str, position: int, taken_at: str, topics: Topics) -> Message:
    """Return the snapshot message of an association, for the event topic of its owner; see `state_message`."""
    written = association_snapshot(held.association, held.code, held.owner_version)
    return _message(written, run, position, stamp_of(taken_at, topics))


def _message(written: Change, run: str, position: int, stamp: Stamp) -> Message:
    kind, _, version, _ = written
    # The resend takes the place of the command: no sender has the source of the registry on a topic of events.
    cause = stamp.topics.events[kind.aggregate], SOURCE, run
    return change_message(cause, written, position, stamp, extra_headers(stamp, version, []))
