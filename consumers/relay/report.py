"""The result of sending messages to the broker."""

from dataclasses import dataclass, field

from consumers.relay.refusal import Refusal


@dataclass(slots=True)
class Report:
    """The result of each message, by position. Messages that were neither sent nor refused have to be sent again.

    `accepted` are the partitions that accepted messages; `error` is set in an outage; `again` is set when the rest can
    be sent at once.
    """

    sent: set[int] = field(default_factory=set)
    refused: dict[int, Refusal] = field(default_factory=dict)
    accepted: set[tuple[str, int]] = field(default_factory=set)
    error: BaseException | None = None
    again: bool = False
