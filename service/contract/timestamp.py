"""Times as text in messages."""

from datetime import UTC, datetime


def stamp(moment: datetime) -> str:
    """Format a time as in messages: RFC 3339 in UTC, with microseconds and Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
