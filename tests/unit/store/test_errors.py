"""Which errors the rows cause, and which the machine causes."""

from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from asyncpg.exceptions import _base

from service.settings import Settings
from service.store.errors import StatementTimeout, StoreDefect, StoreRace, StoreUnavailable, translated
from service.store.pool import connect, fetch

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
        pytest.param(TimeoutError("too slow"), StatementTimeout, id="time-out"),
        pytest.param(asyncpg.QueryCanceledError("statement timeout"), StatementTimeout, id="time-out of the server"),
    ],
)
def test_every_error_of_the_driver_becomes_one_of_the_store(error: Exception, becomes: type[Exception]) -> None:
    with pytest.raises(Exception, match=f"^{type(error).__name__}: ") as raised, translated():
        raise error
    assert (type(raised.value), raised.value.__cause__) == (becomes, error)


BEFORE_A_STATEMENT = [
    asyncpg.ClientConfigurationError("root certificate file does not exist"),
    asyncpg.InvalidParameterValueError("invalid value for a parameter of the session"),
    asyncpg.UniqueViolationError("another session"),
    UnicodeError("label too long"),
    OverflowError("port must be 0-65535"),
    ValueError("not a port"),
    TypeError("not a parameter"),
    ConnectionRefusedError("refused"),
    TimeoutError("no answer"),
]


@pytest.mark.parametrize("error", BEFORE_A_STATEMENT, ids=lambda error: type(error).__name__)
async def test_no_record_is_at_fault_when_a_session_cannot_be_opened(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(asyncpg, "connect", refused)
    with pytest.raises(StoreUnavailable, match=f"^{type(error).__name__}: ") as raised:
        await connect(Settings(database_url="postgresql://nobody@db.example/registry"), "test")
    assert (type(raised.value), raised.value.__cause__) == (StoreUnavailable, error)


@pytest.mark.parametrize(
    "url", ["postgresql://[", "postgresql://host:port/", "postgresql://h/?sslmode=none", "mysql://h"]
)
async def test_no_record_is_at_fault_when_the_address_is_wrong(url: str) -> None:
    with pytest.raises(StoreUnavailable):
        await connect(Settings.model_construct(database_url=url), "test")


@pytest.mark.parametrize("error", BEFORE_A_STATEMENT, ids=lambda error: type(error).__name__)
async def test_no_read_is_at_fault_when_the_pool_cannot_open_a_session(error: Exception) -> None:
    class Pool:
        async def acquire(self) -> None:
            raise error

    pool: Any = SimpleNamespace(connections=Pool())
    with pytest.raises(StoreUnavailable) as raised:
        await fetch(pool, "SELECT 1", 2)
    assert (type(raised.value), raised.value.__cause__) == (StoreUnavailable, error)
    assert raised.value.read is not None
    assert (raised.value.read.query, raised.value.read.values) == ("SELECT 1", (2,))


@pytest.mark.parametrize("error", [asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError])
def test_the_message_for_a_missing_table_says_what_to_run(error: type[Exception]) -> None:
    with (
        pytest.raises(StoreUnavailable, match=r"^.*: relation does not exist; run `producer-registry migrate`$"),
        translated(),
    ):
        raise error("relation does not exist")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (asyncpg.ReadOnlySQLTransactionError, "cannot execute LISTEN during recovery"),
        (asyncpg.ReadOnlySQLTransactionError, "cannot execute INSERT in a read-only transaction"),
        (asyncpg.ObjectNotInPrerequisiteStateError, "recovery is in progress"),
    ],
)
def test_the_message_of_a_write_on_a_standby_says_that_it_is_read_only(error: type[Exception], text: str) -> None:
    with (
        pytest.raises(StoreUnavailable, match=rf"^{error.__name__}: {text}; the server is read-only, as a standby is$"),
        translated(),
    ):
        raise error(text)


def test_the_message_of_another_missing_state_does_not_name_a_standby() -> None:
    with pytest.raises(StoreUnavailable, match=r"is not yet defined in this session$"), translated():
        raise asyncpg.ObjectNotInPrerequisiteStateError("currval is not yet defined in this session")
