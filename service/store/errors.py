"""The three situations in which the store cannot do what it was asked, and how asyncpg's errors map to them."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from service.resource_exhaustion import is_resource_exhaustion


class StoreUnavailable(Exception):
    """The database is away, full, starting, stopping or too slow: nothing is known to be done, try again later."""


class StoreRace(Exception):
    """Another writer was faster: do the whole batch again from its beginning."""


class StoreDefect(Exception):
    """The database refuses these very rows, and would refuse them again: a record of the batch is at fault."""


# Deadlock and serialization belong to transaction rollback (40); a unique key that another transaction took since
# we looked belongs to integrity (23).
_RACE = (asyncpg.TransactionRollbackError, asyncpg.UniqueViolationError)
_DEFECT = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)


@contextmanager
def translated() -> Iterator[None]:
    """Raise the store's errors in place of asyncpg's, the original as cause.

    Everything that is neither a race nor the fault of the rows counts as unavailable, so an error nobody
    thought of stops progress rather than losing a record.
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
        # The client could not encode a value: only the rows can be at fault, unless the connection went away.
        if isinstance(error, ValueError):
            raise StoreDefect(_text(error)) from error
        raise StoreUnavailable(_text(error)) from error
    except (TimeoutError, asyncpg.PostgresError, OSError) as error:
        raise StoreUnavailable(_text(error)) from error
    except RuntimeError as error:
        if not is_resource_exhaustion(error):
            raise
        raise StoreUnavailable(_text(error)) from error


def _text(error: BaseException) -> str:
    """The kind of error and its first line; details can hold row values and stay in the cause."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
