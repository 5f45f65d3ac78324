"""The only module that reads the wall clock. Other modules take the time as an argument or use time.monotonic."""

from datetime import UTC, date, datetime


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Return the current date in UTC."""
    return now().date()


def stamp(moment: datetime) -> str:
    """Format a time as in messages: RFC 3339 in UTC, with microseconds and Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
