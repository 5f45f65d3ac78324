"""The errors of the store, and how errors of asyncpg map to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import asyncpg

from service.resource_exhaustion import is_resource_exhaustion
from service.store.privilege import missing_privilege, missing_usage

if TYPE_CHECKING:
    from service.store.pool import Read, Session


class StoreError(Exception):
    """An error of the store."""


class StoreUnavailable(StoreError):
    """The database is unreachable, full, starting, stopping or too slow: the result is unknown, try again later."""

    read: Read | None = None
    """The read that failed, if it was one."""


class StoreUnsuitable(StoreUnavailable):
    """The service must not use this database, or not in this way, until an operator changes something."""

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(f"{problem}: {advice}")
        self.problem = problem
        self.advice = advice


class StatementTimeout(StoreUnavailable):
    """A statement took too long. Other statements may still be answered."""


class StoreRace(StoreError):
    """Another writer was faster: repeat the whole batch from its beginning."""


class StoreDefect(StoreError):
    """The database rejects these rows, and would reject them again: a record of the batch is the cause."""


# Deadlocks and serialization failures are in class 40 (transaction rollback). A unique key that another transaction
# inserted after this one read is in class 23 (integrity).
_RACE = (asyncpg.TransactionRollbackError, asyncpg.UniqueViolationError)
_DEFECT = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)

_NOT_MIGRATED = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError)


@contextmanager
def connecting(url: str = "") -> Iterator[None]:
    """Raise StoreUnavailable for every error while a session is opened or returned; a message names the user of `url`.

    No statement was sent, so neither a record nor a request can be the cause, whatever the class of the error.
    """
    try:
        yield
    except StoreError:
        raise
    except asyncpg.InsufficientPrivilegeError as error:
        role = urlsplit(url).username
        lacking = f"; the role {unquote(role)} lacks CONNECT" if role else f"; {error.detail}"
        raise StoreUnavailable(_text(error) + lacking) from error
    except Exception as error:
        raise StoreUnavailable(_text(error)) from error


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
    except asyncpg.InterfaceError as error:
        # The client could not encode a value: the rows are the cause, unless memory or the connection was lost.
        if isinstance(error, ValueError) and not isinstance(error.__cause__, MemoryError):
            raise StoreDefect(_text(error)) from error
        raise StoreUnavailable(_text(error)) from error
    except (TimeoutError, asyncpg.QueryCanceledError) as error:
        raise StatementTimeout(_text(error)) from error
    except (asyncpg.InternalClientError, asyncpg.PostgresError, OSError) as error:
        raise StoreUnavailable(_text(error)) from error
    except RuntimeError as error:
        if not is_resource_exhaustion(error):
            raise
        raise StoreUnavailable(_text(error)) from error


@asynccontextmanager
async def translated_in(session: Session) -> AsyncIterator[None]:
    """Do the same for statements of this session, and name a missing privilege with its object and the role."""
    with translated():
        try:
            yield
        except asyncpg.InsufficientPrivilegeError as error:
            raise StoreUnavailable(_text(error) + await missing_privilege(session, error)) from error
        except asyncpg.UndefinedTableError as error:
            if lacking := await missing_usage(session):
                raise StoreUnavailable(f"{type(error).__name__}: {error}; {lacking}") from error
            raise


def _text(error: BaseException) -> str:
    """Return the class of the error and its first line; details may have row values and stay in the cause."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}{_advice(error)}" if lines else type(error).__name__


def _advice(error: BaseException) -> str:
    if isinstance(error, _NOT_MIGRATED):
        return "; run `producer-registry migrate`"
    # The functions of the write-ahead log raise the second one.
    if isinstance(error, asyncpg.ReadOnlySQLTransactionError) or (
        isinstance(error, asyncpg.ObjectNotInPrerequisiteStateError) and "recovery" in str(error)
    ):
        return "; the server is read-only, as a standby is"
    return ""
