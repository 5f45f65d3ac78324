"""The statuses of organizations and producer codes: schemas, filters and API documents derive from this list."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

ProducerStatusCode: TypeAlias = Literal["Active", "Limited", "Suspended", "Terminating", "Terminated"]
PRODUCER_STATUSES: Final[tuple[ProducerStatusCode, ...]] = get_args(ProducerStatusCode)
