"""The statements that read pages of groups and of users, composed from the files of sql/read."""

from functools import cache
from typing import Final

from service.contract.aggregate.user import ATTRIBUTES
from service.store.code_page import bound
from service.store.shown import shown
from service.store.statement import complete, fill, part

_GROUPS: Final = part("group_page")
_USERS: Final = fill(part("user_page"), shown=shown(ATTRIBUTES, "u"))
_GROUP_SOURCE: Final = part("group_source")
_GROUP_NARROWED: Final = part("organization_group_source")
_GROUP_ONE: Final = part("group_one_source")
_USER_SOURCE: Final = part("user_source")
_USER_NARROWED: Final = part("organization_user_source")
_USER_ONE: Final = part("user_one_source")


def group_statement(limit: int, *, typed: bool, narrowed: bool) -> str:
    """Return the statement with the parameters after, limit, organizations if `narrowed`, type if `typed`."""
    return _group_text(bound(limit), typed, narrowed)


def user_statement(limit: int, *, narrowed: bool) -> str:
    """Return the statement with the parameters after, limit, organizations if `narrowed`."""
    return _user_text(bound(limit), narrowed)


@cache
def group_one() -> str:
    """Return the statement with the parameters id, 1, organizations or null for all."""
    return complete(_GROUPS, source=_GROUP_ONE)


@cache
def user_one() -> str:
    """Return the statement with the parameters id, 1, organizations or null for all."""
    return complete(_USERS, source=_USER_ONE)


@cache
def _group_text(rows: int, typed: bool, narrowed: bool) -> str:
    source = _GROUP_NARROWED if narrowed else _GROUP_SOURCE
    condition = f" AND g.type = ${4 if narrowed else 3}::text" if typed else ""
    return complete(_GROUPS, source=fill(source, type=condition, limit=str(rows)))


@cache
def _user_text(rows: int, narrowed: bool) -> str:
    source = _USER_NARROWED if narrowed else _USER_SOURCE
    return complete(_USERS, source=fill(source, limit=str(rows)))
