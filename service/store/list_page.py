"""The statements that read pages of groups and of users, put together from the files of sql/read."""

from functools import cache
from typing import Final

from service.store.code_page import bound
from service.store.statement import statement

_GROUPS: Final = statement("read/group_page")
_USERS: Final = statement("read/user_page")
_GROUP_SOURCE: Final = statement("read/group_source")
_GROUP_NARROWED: Final = statement("read/organization_group_source")
_GROUP_ONE: Final = statement("read/group_one_source")
_USER_SOURCE: Final = statement("read/user_source")
_USER_NARROWED: Final = statement("read/organization_user_source")
_USER_ONE: Final = statement("read/user_one_source")


def group_statement(limit: int, *, typed: bool, narrowed: bool) -> str:
    """Values: after, limit, organizations when `narrowed`, type when `typed`."""
    return _group_text(bound(limit), typed, narrowed)


def user_statement(limit: int, *, narrowed: bool) -> str:
    """Values: after, limit, organizations when `narrowed`."""
    return _user_text(bound(limit), narrowed)


@cache
def group_one() -> str:
    """Values: id, 1, organizations or null for all."""
    return _GROUPS.replace("/*source*/", _GROUP_ONE)


@cache
def user_one() -> str:
    """Values: id, 1, organizations or null for all."""
    return _USERS.replace("/*source*/", _USER_ONE)


@cache
def _group_text(rows: int, typed: bool, narrowed: bool) -> str:
    source = _GROUP_NARROWED if narrowed else _GROUP_SOURCE
    if typed:
        source = source.replace("/*type*/", "AND g.type = $3::text").replace("/*other type*/", "AND o.type = $4::text")
    return _GROUPS.replace("/*source*/", source.replace("/*bound*/ 32", str(rows)))


@cache
def _user_text(rows: int, narrowed: bool) -> str:
    source = _USER_NARROWED if narrowed else _USER_SOURCE
    return _USERS.replace("/*source*/", source.replace("/*bound*/ 32", str(rows)))
