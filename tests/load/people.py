"""The names of the entities that exist before a benchmark, shared by the SQL that creates them and the commands.

Organizations are the keys of commands. Codes, groups and users are assigned to the organizations in turn, so number
`n` belongs to organization `n % ORGANIZATIONS`, and `n // ORGANIZATIONS` is its number within the organization.
"""

import uuid
from hashlib import md5

ORGANIZATIONS = 40
GROUPS = 2_000
USERS = 20_000
BRANCHES = 10
ROLES = 6
CODES_OF_GROUP = 200
CODES_OF_USER = 9

INSURER = "bench-insurer"
BIG_GROUP = "bench-big-group"
"""A group of the insurer that can hold any number of codes, from all organizations."""


def organization(number: int) -> str:
    """Return the id of an organization."""
    return f"bench-org-{number}"


def role(number: int) -> str:
    """Return the id of a role."""
    return f"bench-role-{number}"


def branch(number: int) -> str:
    """Return the id of a branch."""
    return f"bench-branch-{number}"


def group(number: int) -> str:
    """Return the id of a group."""
    return f"bench-group-{number}"


def user(number: int) -> str:
    """Return the id of a user, which is also the user name."""
    return f"bench-user-{number}"


def code_id(number: int) -> str:
    """Return the id of a code: a random UUID without a time, so that updates touch the whole index."""
    return str(uuid.UUID(bytes=md5(f"code-{number}".encode(), usedforsecurity=False).digest()))


def code_string(number: int) -> str:
    """Return the string of a code, as printed on a policy."""
    return f"{100 + number % 900}-{number:07d}"
