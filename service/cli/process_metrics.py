"""The metrics that describe a process: its version and its roles."""

from typing import Final

from service.telemetry import BUILD, ROLE
from service.version import VERSION

ROLES: Final = ("consumers", "relay", "api")
"""The roles that `all` consists of."""


def describe_process(role: str) -> None:
    """Set the version and the roles of this process."""
    BUILD.info({"version": VERSION})
    ROLE.clear()
    for each in ROLES if role == "all" else (role,):
        ROLE.labels(each).set(1)
