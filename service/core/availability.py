"""Which producer codes a caller may use: the reference implementation (domain, "Who may use which code").

It fails closed: an unknown status, use or caller never increases what is available. The SQL of the store implements
the same rule; a test compares both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final, TypeAlias

from service.core.user import User
from service.core.value import value

SUBMISSION: Final = "submission"
RENEWAL: Final = "renewal"

# The usability that a use requires, and the usability that a producer status gives.
_REQUIRED: Final = {SUBMISSION: 2, RENEWAL: 1}
_GIVEN: Final = {"Active": 2, "Limited": 1}


@value
class Candidate:
    """The attributes of a producer code that the rule needs; dates are `YYYY-MM-DD`."""

    id: str
    code: str
    usability: int
    appointment_date: str | None
    termination_date: str | None


@value
class Refused:
    """The caller is a disabled user: the request is refused."""

    user_id: str


Available: TypeAlias = tuple[Candidate, ...] | Refused


def level(status: str | None) -> int:
    """Return what a producer status allows: 2 submissions and renewals, 1 only renewals, 0 nothing."""
    return 0 if status is None else _GIVEN.get(status, 0)


def usability(code_status: str | None, organization_status: str | None) -> int:
    """Return what the statuses of the code and of its organization allow together: the lower level."""
    return min(level(code_status), level(organization_status))


def usable(usability: int, use: str, on_date: str, appointment_date: str | None, termination_date: str | None) -> bool:
    """Return whether a code is usable on a date: from the appointment to the day before termination (`YYYY-MM-DD`)."""
    required = _REQUIRED.get(use)
    return (
        required is not None
        and usability >= required
        and (appointment_date is None or on_date >= appointment_date)
        and (termination_date is None or on_date < termination_date)
    )


def available(
    caller: User | None,
    candidates: Iterable[Candidate],
    *,
    held: Collection[str],
    visible: Collection[str],
    use: str,
    on_date: str,
) -> Available:
    """Return the codes available to a caller, ordered by code string.

    `caller` is None when the caller is not a user of the registry. `held` are the ids of the codes associated with
    the user or with any group of the user. `visible` are the code strings shown to callers that are not users; case
    does not matter.
    """
    if caller is not None and not caller.enabled:
        return Refused(caller.id)
    shown = {code.lower() for code in visible} if caller is None else set()
    return tuple(
        sorted(
            (
                candidate
                for candidate in candidates
                if _may_see(caller, candidate, held, shown)
                and usable(candidate.usability, use, on_date, candidate.appointment_date, candidate.termination_date)
            ),
            key=lambda candidate: candidate.code,
        )
    )


def _may_see(caller: User | None, candidate: Candidate, held: Collection[str], shown: set[str]) -> bool:
    if caller is None:
        return candidate.code.lower() in shown
    return not caller.code_secured or candidate.id in held
