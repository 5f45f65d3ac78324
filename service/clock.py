"""The one reader of the wall clock; everything else is handed the time, or measures with time.monotonic."""

from datetime import UTC, date, datetime


def now() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The present date, UTC."""
    return now().date()


def stamp(moment: datetime) -> str:
    """A moment as the wire has it: RFC 3339 with microseconds and Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
