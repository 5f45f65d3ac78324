"""What became of messages that were sent to the broker."""

from dataclasses import dataclass, field

from consumers.relay.refusal import Refusal


@dataclass(slots=True)
class Report:
    """What became of messages, by position; what is neither sent nor refused has to be sent again.

    `accepted` are the partitions that took something; `error` is set in an outage; `again` when the rest can be sent at
    once.
    """

    sent: set[int] = field(default_factory=set)
    refused: dict[int, Refusal] = field(default_factory=dict)
    accepted: set[tuple[str, int]] = field(default_factory=set)
    error: BaseException | None = None
    again: bool = False
