"""Who may be in a group: a group's users belong to the group's organization (domain, rule 3)."""

from __future__ import annotations

from collections.abc import Mapping

from service.core.group import Group
from service.core.problem import Problem, not_found


def membership_problem(group_id: str, organization_id: str, groups: Mapping[str, Group], path: str) -> Problem | None:
    """Say why a user of the organization may not be in the group; None when nothing is against it."""
    group = groups.get(group_id)
    if group is None:
        return not_found(path, "group", group_id)
    if group.organization_id != organization_id:
        return Problem("other-organization", f"Group {group_id} is of another organization than the user.", path)
    return None


def check_memberships(
    group_ids: tuple[str, ...], organization_id: str, groups: Mapping[str, Group], problems: list[Problem]
) -> None:
    """Add what is against each of the groups, under its position in the body."""
    for index, group_id in enumerate(group_ids):
        problem = membership_problem(group_id, organization_id, groups, f"/groups/{index}")
        if problem is not None:
            problems.append(problem)
