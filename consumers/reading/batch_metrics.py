"""The metrics of decided batches. Labels have few values, whatever the commands contain."""

from collections.abc import Collection
from typing import Final, get_args

from service.contract.catalogue import COMMANDS as KINDS
from service.contract.catalogue import OUTCOMES, REJECTIONS
from service.contract.http_source import HTTP_SOURCE
from service.contract.record import Reason
from service.store.command_store import Applied
from service.telemetry import COMMAND_OUTCOMES, COMMANDS, DEAD_LETTERS, TROUBLE, start_at_zero
from service.telemetry import REJECTIONS as REJECTED

OTHER: Final = "other"
"""The label of a value that has no label of its own."""

_TYPES: Final = frozenset(kind.name for kind in KINDS)


class BatchMetrics:
    """Counts decided commands. Rejections are counted by source for these `sources` and the API, else as `other`."""

    def __init__(self, sources: Collection[str] = ()) -> None:
        self._sources = frozenset(sources)
        start_at_zero(COMMANDS, ("decided", "repeated", "skipped", "waiting"))
        start_at_zero(COMMAND_OUTCOMES, sorted(_TYPES), OUTCOMES)
        start_at_zero(REJECTED, (*sorted(self._sources), HTTP_SOURCE, OTHER), REJECTIONS)
        start_at_zero(DEAD_LETTERS, get_args(Reason))
        start_at_zero(TROUBLE, ("race", "unavailable", "defect"))

    def count(self, applied: Applied) -> None:
        """Count the commands of a batch that is committed."""
        COMMANDS.labels("decided").inc(applied.decided)
        COMMANDS.labels("repeated").inc(applied.repeated)
        COMMANDS.labels("skipped").inc(applied.skipped)
        COMMANDS.labels("waiting").inc(applied.waiting)
        for (type_, status), count in applied.outcomes.items():
            COMMAND_OUTCOMES.labels(type_ if type_ in _TYPES else OTHER, status).inc(count)
        for (source, code), count in applied.rejections.items():
            REJECTED.labels(self._source(source), code if code in REJECTIONS else OTHER).inc(count)

    def _source(self, source: str) -> str:
        if source in self._sources:
            return source
        return HTTP_SOURCE if source.startswith(HTTP_SOURCE) else OTHER
