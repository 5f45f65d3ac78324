"""The only module that reads the clock of this machine. service/README.md lists what may depend on it.

What is decided and stored uses PostgreSQL's clock, and deadlines use time.monotonic.
"""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)
