"""The three errors of the store, and how errors of asyncpg map to them."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from service.resource_exhaustion import is_resource_exhaustion


class StoreUnavailable(Exception):
    """The database is unreachable, full, starting, stopping or too slow: the result is unknown, try again later."""


class StoreUnsuitable(StoreUnavailable):
    """The service must not use this database, or not in this way, until an operator changes something."""

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(f"{problem}: {advice}")
        self.problem = problem
        self.advice = advice


class StoreRace(Exception):
    """Another writer was faster: repeat the whole batch from its beginning."""


class StoreDefect(Exception):
    """The database rejects these rows, and would reject them again: a record of the batch is the cause."""


# Deadlocks and serialization failures are in class 40 (transaction rollback). A unique key that another transaction
# inserted after this one read is in class 23 (integrity).
_RACE = (asyncpg.TransactionRollbackError, asyncpg.UniqueViolationError)
_DEFECT = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)


@contextmanager
def translated() -> Iterator[None]:
    """Raise the store's errors instead of asyncpg's, with the original error as the cause.

    Every error that is neither a race nor caused by the rows counts as unavailable, so that an unexpected error stops
    the progress instead of losing a record.
    """
    try:
        yield
    except _RACE as error:
        raise StoreRace(_text(error)) from error
    except _DEFECT as error:
        raise StoreDefect(_text(error)) from error
    except asyncpg.InternalClientError as error:
        raise StoreUnavailable(_text(error)) from error
    except asyncpg.InterfaceError as error:
        # The client could not encode a value: the rows are the cause, unless memory or the connection was lost.
        if isinstance(error, ValueError) and not isinstance(error.__cause__, MemoryError):
            raise StoreDefect(_text(error)) from error
        raise StoreUnavailable(_text(error)) from error
    except (TimeoutError, asyncpg.PostgresError, OSError) as error:
        raise StoreUnavailable(_text(error)) from error
    except RuntimeError as error:
        if not is_resource_exhaustion(error):
            raise
        raise StoreUnavailable(_text(error)) from error


def _text(error: BaseException) -> str:
    """Return the class of the error and its first line; details may have row values and stay in the cause."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
