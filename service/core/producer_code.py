"""Producer codes: the alphanumeric identifiers on policies (producer-codes document)."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, TypeAlias, assert_never

from service.core.problem import Problem, Problems, existing_subject, missing_subject, not_found
from service.core.text_set import text_set
from service.core.value import value


@value
class CreateCode:
    """Create a producer code; `role_ids` are as in the body, dates are `YYYY-MM-DD`."""

    code: str
    organization_id: str
    role_ids: tuple[str, ...]
    description: str | None = None
    branch_id: str | None = None
    status: str = "Active"
    appointment_date: str | None = None
    termination_date: str | None = None


@value
class UpdateCode:
    """Change some attributes (a merge patch): `changes` maps fields of ProducerCode to new values, None clears one."""

    changes: Mapping[str, Any]


ProducerCodeCommand: TypeAlias = CreateCode | UpdateCode


@value
class ProducerCodeCreated:
    """The producer code was created."""

    after: ProducerCode


@value
class ProducerCodeUpdated:
    """Attributes of the producer code changed."""

    before: ProducerCode
    after: ProducerCode


ProducerCodeEvent: TypeAlias = ProducerCodeCreated | ProducerCodeUpdated


@value
class ProducerCode:
    """A producer code; dates are `YYYY-MM-DD`.

    `code` is unique ignoring case, `role_ids` are sorted without duplicates.
    """

    id: str
    code: str
    organization_id: str
    role_ids: tuple[str, ...]
    description: str | None
    branch_id: str | None
    status: str
    appointment_date: str | None
    termination_date: str | None
    version: int


def decide(
    command: ProducerCodeCommand,
    code_id: str,
    state: ProducerCode | None,
    *,
    organizations: Container[str],
    branches: Container[str],
    roles: Container[str],
    code_ids: Mapping[str, str],
) -> ProducerCodeEvent | Problems | None:
    """Decide one producer code command, given the ids that exist; return None when nothing changes.

    `code_ids` maps code strings in lower case to the ids of their codes.
    """
    match command:
        case CreateCode():
            after = ProducerCode(
                code_id,
                command.code,
                command.organization_id,
                text_set(command.role_ids),
                command.description,
                command.branch_id,
                command.status,
                command.appointment_date,
                command.termination_date,
                1,
            )
            if state is not None:
                return None if _same_content(after, state) else existing_subject("producer code", code_id)
            problems: list[Problem] = []
            if after.organization_id not in organizations:
                problems.append(not_found("/organization/id", "organization", after.organization_id))
            if code_ids.get(after.code.lower(), code_id) != code_id:
                problems.append(Problem("code-taken", f"Another producer code has the code {after.code}.", "/code"))
            _check_roles(command.role_ids, roles, problems)
            _check_branch(after.branch_id, branches, problems)
            _check_dates(after, "/terminationDate", problems)
            return tuple(problems) or ProducerCodeCreated(after)
        case UpdateCode():
            if state is None:
                return missing_subject("producer code", code_id)
            return _update(command.changes, state, branches, roles)
        case _:
            assert_never(command)


def _update(
    changes: Mapping[str, Any], state: ProducerCode, branches: Container[str], roles: Container[str]
) -> ProducerCodeUpdated | Problems | None:
    get = changes.get
    after = ProducerCode(
        state.id,
        state.code,
        state.organization_id,
        text_set(get("role_ids", state.role_ids) or ()),
        get("description", state.description),
        get("branch_id", state.branch_id),
        get("status", state.status) or "Active",
        get("appointment_date", state.appointment_date),
        get("termination_date", state.termination_date),
        state.version + 1,
    )
    problems: list[Problem] = []
    if get("code", state.code) != state.code:
        problems.append(Problem("immutable-field", "The code string cannot change.", "/code"))
    if get("organization_id", state.organization_id) != state.organization_id:
        problems.append(
            Problem("immutable-field", "The organization of a producer code cannot change.", "/organization/id")
        )
    if "role_ids" in changes:
        _check_roles(get("role_ids") or (), roles, problems)
    if "branch_id" in changes:
        _check_branch(after.branch_id, branches, problems)
    _check_dates(after, "/terminationDate" if "termination_date" in changes else "/appointmentDate", problems)
    if problems:
        return tuple(problems)
    return None if _same_content(after, state) else ProducerCodeUpdated(state, after)


def _same_content(one: ProducerCode, other: ProducerCode) -> bool:
    return (
        one.code == other.code
        and one.organization_id == other.organization_id
        and one.role_ids == other.role_ids
        and one.description == other.description
        and one.branch_id == other.branch_id
        and one.status == other.status
        and one.appointment_date == other.appointment_date
        and one.termination_date == other.termination_date
    )


def _check_roles(role_ids: tuple[str, ...], roles: Container[str], problems: list[Problem]) -> None:
    if not role_ids:
        problems.append(Problem("invalid", "A producer code must have at least one role.", "/roles"))
    for index, role_id in enumerate(role_ids):
        if role_id not in roles:
            problems.append(not_found(f"/roles/{index}/id", "role", role_id))


def _check_branch(branch_id: str | None, branches: Container[str], problems: list[Problem]) -> None:
    if branch_id is not None and branch_id not in branches:
        problems.append(not_found("/branch/id", "branch", branch_id))


def _check_dates(after: ProducerCode, path: str, problems: list[Problem]) -> None:
    # ISO dates compare as text.
    if (
        after.appointment_date is not None
        and after.termination_date is not None
        and after.appointment_date > after.termination_date
    ):
        problems.append(Problem("invalid", "The appointment date is after the termination date.", path))
