"""Which producer codes a caller may use: the one written rule (domain, "Who may use which code").

It fails closed: a status, use or caller that is not known gives less, never more. The same rule stands once more in
SQL; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final, TypeAlias

from service.core.user import User
from service.core.value import value

SUBMISSION: Final = "submission"
RENEWAL: Final = "renewal"

# What a use asks of the usability of a code, and what a producer status gives.
_ASKED: Final = {SUBMISSION: 2, RENEWAL: 1}
_GIVEN: Final = {"Active": 2, "Limited": 1}


@value
class Candidate:
    """A producer code as the rule sees it; dates as `YYYY-MM-DD`."""

    id: str
    code: str
    usability: int
    appointment_date: str | None
    termination_date: str | None


@value
class Refused:
    """The caller is a user who is disabled: the request is refused."""

    user_id: str


Available: TypeAlias = tuple[Candidate, ...] | Refused


def level(status: str | None) -> int:
    """Return what a producer status allows: 2 submissions and renewals, 1 renewals alone, 0 nothing."""
    return 0 if status is None else _GIVEN.get(status, 0)


def usability(code_status: str | None, organization_status: str | None) -> int:
    """Return what the code's own status and its organization's allow together."""
    return min(level(code_status), level(organization_status))


def usable(usability: int, use: str, on_date: str, appointment_date: str | None, termination_date: str | None) -> bool:
    """Tell whether a code may be used: dates as `YYYY-MM-DD`, from the appointment to the day before termination."""
    asked = _ASKED.get(use)
    return (
        asked is not None
        and usability >= asked
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

    `caller` is None for somebody who is not known here. `held` are the ids of the codes associated with the user or
    with any group of the user, `visible` the code strings shown to callers that are not known, compared without case.
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
