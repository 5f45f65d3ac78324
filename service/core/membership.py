"""Group membership: the users of a group belong to the group's organization (domain, rule 3)."""

from __future__ import annotations

from collections.abc import Mapping

from service.core.group import Group
from service.core.problem import Problem, not_found


def membership_problem(group_id: str, organization_id: str, groups: Mapping[str, Group], path: str) -> Problem | None:
    """Return why a user of the organization may not be in the group, or None when the user may."""
    group = groups.get(group_id)
    if group is None:
        return not_found(path, "group", group_id)
    if group.organization_id != organization_id:
        return Problem("other-organization", f"Group {group_id} and the user belong to different organizations.", path)
    return None


def check_memberships(
    group_ids: tuple[str, ...], organization_id: str, groups: Mapping[str, Group], problems: list[Problem]
) -> None:
    """Append a problem for each group that the user may not be in; its path is the position in the body."""
    for index, group_id in enumerate(group_ids):
        problem = membership_problem(group_id, organization_id, groups, f"/groups/{index}")
        if problem is not None:
            problems.append(problem)
