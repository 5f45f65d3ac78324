"""Which errors the rows cause, and which the machine causes."""

import asyncpg
import pytest
from asyncpg.exceptions import _base

from service.store.errors import StoreDefect, StoreRace, StoreUnavailable, translated

# asyncpg has two classes of the name DataError: this one is of the client, which could not encode a value.
ENCODING = _base.DataError("invalid input for query argument $1")


def test_a_lack_of_threads_counts_as_unavailable() -> None:
    # Otherwise the commands of the batch would be dead-lettered one by one.
    with pytest.raises(StoreUnavailable, match="thread"), translated():
        raise RuntimeError("can't start new thread")


def test_a_lack_of_memory_while_a_value_is_encoded_counts_as_unavailable() -> None:
    wrapped = _base.DataError("invalid input for query argument $1")
    wrapped.__cause__ = MemoryError()
    with pytest.raises(StoreUnavailable, match="DataError"), translated():
        raise wrapped


def test_other_runtime_errors_are_not_translated() -> None:
    with pytest.raises(RuntimeError, match="a bug"), translated():
        raise RuntimeError("a bug")


@pytest.mark.parametrize(
    ("error", "becomes"),
    [
        pytest.param(asyncpg.DeadlockDetectedError("deadlock"), StoreRace, id="deadlock"),
        pytest.param(asyncpg.SerializationError("serialization"), StoreRace, id="serialization"),
        pytest.param(asyncpg.UniqueViolationError("duplicate key"), StoreRace, id="unique key"),
        pytest.param(asyncpg.CheckViolationError("check"), StoreDefect, id="check constraint"),
        pytest.param(asyncpg.DataError("out of range"), StoreDefect, id="value that the server refuses"),
        pytest.param(asyncpg.ProgramLimitExceededError("too long"), StoreDefect, id="value that is too long"),
        pytest.param(ENCODING, StoreDefect, id="value that the client cannot encode"),
        pytest.param(asyncpg.InterfaceError("connection is closed"), StoreUnavailable, id="closed connection"),
        pytest.param(asyncpg.InternalClientError("protocol"), StoreUnavailable, id="client"),
        pytest.param(asyncpg.ConnectionDoesNotExistError("lost"), StoreUnavailable, id="lost connection"),
        pytest.param(asyncpg.AdminShutdownError("shutdown"), StoreUnavailable, id="stopped server"),
        pytest.param(asyncpg.UndefinedTableError("no table"), StoreUnavailable, id="missing table"),
        pytest.param(ConnectionResetError("reset"), StoreUnavailable, id="reset"),
        pytest.param(TimeoutError("too slow"), StoreUnavailable, id="time-out"),
    ],
)
def test_every_error_of_the_driver_becomes_one_of_the_store(error: Exception, becomes: type[Exception]) -> None:
    with pytest.raises(Exception, match=f"^{type(error).__name__}: ") as raised, translated():
        raise error
    assert (type(raised.value), raised.value.__cause__) == (becomes, error)
