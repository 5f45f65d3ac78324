"""What operators do with dead letters, as it is on the wire: marks on the dead-letter topic, and replayed records.

A mark is a record without a value. Its key is the address of the dead letter.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

MARK: Final = "dlq_mark"
"""Header of a mark: the new state of the dead letter."""

MARK_OF: Final = "dlq_mark_of"
"""Header of a mark: the address of the dead letter, topic:partition:offset."""

REPLAY_OF: Final = "dlq_replay_of"
"""Header of a replayed record: the address of its dead letter."""

Mark: TypeAlias = Literal["replayed", "discarded"]


def mark_headers(address: str, state: Mark) -> list[tuple[str, bytes]]:
    """Return the headers of a mark."""
    return [(MARK, state.encode()), (MARK_OF, address.encode())]
