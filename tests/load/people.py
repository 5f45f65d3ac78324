"""Who and what is there before a benchmark begins: the same names for the SQL that lays them down and the commands.

Organizations are the keys of commands. Codes, groups and users are dealt to the organizations in turn, so number
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
"""A group of the insurer that holds as many codes as it is given, of all organizations."""


def organization(number: int) -> str:
    """The id of an organization."""
    return f"bench-org-{number}"


def role(number: int) -> str:
    """The id of a role."""
    return f"bench-role-{number}"


def branch(number: int) -> str:
    """The id of a branch."""
    return f"bench-branch-{number}"


def group(number: int) -> str:
    """The id of a group."""
    return f"bench-group-{number}"


def user(number: int) -> str:
    """The id of a user, and the user name as well."""
    return f"bench-user-{number}"


def code_id(number: int) -> str:
    """The id of a code: scattered like any UUID that is no time, so that updates meet the whole index."""
    return str(uuid.UUID(bytes=md5(f"code-{number}".encode(), usedforsecurity=False).digest()))


def code_string(number: int) -> str:
    """The string of a code, as it stands on a policy."""
    return f"{100 + number % 900}-{number:07d}"
