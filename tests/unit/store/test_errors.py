"""Which errors are the fault of the rows, and which of the machine."""

import pytest

from service.store.errors import StoreUnavailable, translated


def test_a_machine_without_threads_is_no_fault_of_the_rows() -> None:
    # Else the commands of the batch would be put aside one by one.
    with pytest.raises(StoreUnavailable, match="thread"), translated():
        raise RuntimeError("can't start new thread")


def test_other_errors_of_the_program_stay_defects() -> None:
    with pytest.raises(RuntimeError, match="a bug"), translated():
        raise RuntimeError("a bug")
