"""The producer codes that a caller may use."""

from dataclasses import replace

import pytest

from service.core.availability import RENEWAL, SUBMISSION, Candidate, Refused, available, level, usability, usable
from tests.support.states import new_user

TODAY = "2022-07-09"
ANN = new_user("ann", "Ann", "pc:1", group_ids=("office",), held=1)
ACTIVE = Candidate("1", "100-002541", 2, None, None)
LIMITED = Candidate("2", "ai-50701", 1, None, None)
SUSPENDED = Candidate("3", "301-008578", 0, None, None)
CODES = [SUSPENDED, LIMITED, ACTIVE]


@pytest.mark.parametrize(
    ("status", "expected"),
    [("Active", 2), ("Limited", 1), ("Suspended", 0), ("Terminating", 0), ("Terminated", 0), ("active", 0), (None, 0)],
)
def test_usability_of_a_status(status: str | None, expected: int) -> None:
    assert level(status) == expected
    assert usability(status, "Active") == usability("Active", status) == expected
    assert usability(status, "Limited") == usability("Limited", status) == min(1, expected)
    assert usability(status, None) == usability(None, status) == 0


@pytest.mark.parametrize(
    ("use", "usable_from"), [(SUBMISSION, 2), (RENEWAL, 1), ("Submission", 3), ("", 3), ("quote", 3)]
)
def test_required_usability_of_a_use(use: str, usable_from: int) -> None:
    assert [usable(step, use, TODAY, None, None) for step in range(3)] == [step >= usable_from for step in range(3)]


@pytest.mark.parametrize(
    ("appointment", "termination", "expected"),
    [
        (None, None, True),
        ("2022-07-09", None, True),
        ("2022-07-10", None, False),
        (None, "2022-07-10", True),
        (None, "2022-07-09", False),
        ("2022-07-09", "2022-07-10", True),
        ("2022-07-09", "2022-07-09", False),
        ("2021-12-31", "2022-01-01", False),
    ],
)
def test_dates_limit_from_the_appointment_to_the_day_before_termination(
    appointment: str | None, termination: str | None, expected: bool
) -> None:
    assert usable(2, SUBMISSION, TODAY, appointment, termination) is expected


def test_a_user_under_security_has_the_usable_codes_that_are_held() -> None:
    assert available(ANN, CODES, held={"1", "3"}, visible={"ai-50701"}, use=RENEWAL, on_date=TODAY) == (ACTIVE,)
    assert available(ANN, CODES, held=(), visible={"100-002541"}, use=RENEWAL, on_date=TODAY) == ()


def test_a_user_not_under_security_has_all_usable_codes_in_order() -> None:
    free = replace(ANN, code_secured=False)

    assert available(free, CODES, held=(), visible=(), use=RENEWAL, on_date=TODAY) == (ACTIVE, LIMITED)
    assert available(free, CODES, held=(), visible=(), use=SUBMISSION, on_date=TODAY) == (ACTIVE,)


@pytest.mark.parametrize("secured", [True, False])
def test_a_disabled_user_is_refused(secured: bool) -> None:
    disabled = replace(ANN, enabled=False, code_secured=secured)

    assert available(disabled, CODES, held={"1"}, visible={"100-002541"}, use=SUBMISSION, on_date=TODAY) == Refused(
        "ann"
    )


def test_an_unknown_caller_has_the_usable_externally_visible_codes() -> None:
    visible = {"AI-50701", "301-008578"}

    assert available(None, CODES, held={"1"}, visible=visible, use=RENEWAL, on_date=TODAY) == (LIMITED,)
    assert available(None, CODES, held={"1"}, visible=visible, use=SUBMISSION, on_date=TODAY) == ()
    assert available(None, CODES, held={"1"}, visible=(), use=RENEWAL, on_date=TODAY) == ()


def test_dates_hold_for_every_caller() -> None:
    ended = replace(ACTIVE, termination_date=TODAY)

    for caller in (ANN, replace(ANN, code_secured=False), None):
        assert available(caller, [ended], held={"1"}, visible={"100-002541"}, use=SUBMISSION, on_date=TODAY) == ()
