"""Save what a batch of decisions changed: the difference of two worlds, set by set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from operator import attrgetter
from typing import TypeVar

import orjson

from service.core.availability import level, usability
from service.core.batch import World
from service.core.group import Address, Group
from service.core.producer_code import ProducerCode
from service.core.user import User
from service.store.errors import StoreRace
from service.store.new_rows import write_rows
from service.store.pool import Connection
from service.store.state_statement import GROUP, PRODUCER_CODE, STATEMENTS, USER
from service.store.statement import statement

_PUT = {
    "organizations": STATEMENTS["organization_save"],
    "branches": STATEMENTS["branch_save"],
    "roles": STATEMENTS["role_save"],
    "products": STATEMENTS["product_save"],
}
_GROUP = STATEMENTS["group_save"]
_USER = STATEMENTS["user_save"]
_PRODUCER_CODE = STATEMENTS["producer_code_save"]
_RELEASE_USERNAME = statement("user_release_username")
_USER_ASSOCIATION_REMOVE = statement("user_association_remove")
_GROUP_ASSOCIATION_REMOVE = statement("group_association_remove")
_ASSOCIATION_USABILITY = statement("association_usability")
_ORGANIZATION_USABILITY = statement("organization_usability")

_Key = TypeVar("_Key", str, tuple[str, str])
_State = TypeVar("_State")


async def save_world(connection: Connection, before: World, after: World) -> None:
    """Write the rows in which `after` differs from `before`; raise StoreRace if a row changed since it was loaded."""
    for kind, query in _PUT.items():
        changed = [state for state, _ in _changes(getattr(before, kind), getattr(after, kind))]
        if changed:
            await connection.execute(query, orjson.dumps([asdict(state) for state in changed]).decode())
    await _save_groups(connection, before, after)
    await _save_users(connection, before, after)
    await _save_codes(connection, before, after)
    await _save_user_associations(connection, before, after)
    await _save_group_associations(connection, before, after)
    await _save_usability(connection, before, after)


def _changes(before: Mapping[_Key, _State], after: Mapping[_Key, _State]) -> list[tuple[_State, _State | None]]:
    """Return the states that are new or changed, each with its former state, sorted by key."""
    keys = sorted(key for key, state in after.items() if before.get(key) is not state)
    return [(after[key], before.get(key)) for key in keys]


async def _save_groups(connection: Connection, before: World, after: World) -> None:
    changes = _changes(before.groups, after.groups)
    new = [state for state, old in changes if old is None]
    await write_rows(
        connection,
        GROUP.name,
        _GROUP_COLUMNS,
        [(g.id, g.type, _value(g), g.organization_id, g.product_ids, g.held_foreign, g.version) for g in new],
    )
    await _update(
        connection,
        _GROUP,
        [
            (g.id, old.version, g.version, g.type, _value(g), ",".join(g.product_ids), g.held_foreign)
            for g, old in changes
            if old is not None
        ],
    )


async def _save_users(connection: Connection, before: World, after: World) -> None:
    changes = _changes(before.users, after.users)
    new: list[User] = [state for state, old in changes if old is None]
    released = [
        u.id for u, old in changes if old is not None and old.username is not None and u.username != old.username
    ]
    if released:
        await connection.execute(_RELEASE_USERNAME, released)
    await write_rows(connection, USER.name, _USER_COLUMNS, [_user_row(u) for u in new])
    await _update(
        connection,
        _USER,
        [
            (
                u.id,
                old.version,
                u.version,
                u.name,
                u.email,
                u.external_id,
                u.username,
                ",".join(u.group_ids),
                u.enabled,
                u.external_user,
                u.code_secured,
                u.held,
                u.held_foreign,
            )
            for u, old in changes
            if old is not None
        ],
    )


async def _save_codes(connection: Connection, before: World, after: World) -> None:
    changes = _changes(before.codes, after.codes)
    new: list[ProducerCode] = [state for state, old in changes if old is None]
    await write_rows(
        connection,
        PRODUCER_CODE.name,
        _CODE_COLUMNS,
        [
            (
                c.id,
                c.code,
                c.organization_id,
                c.role_ids,
                c.description,
                c.branch_id,
                c.status,
                _date(c.appointment_date),
                _date(c.termination_date),
                c.version,
                _usable(after, c),
            )
            for c in new
        ],
    )
    await _update(
        connection,
        _PRODUCER_CODE,
        [
            (
                c.id,
                old.version,
                c.version,
                ",".join(c.role_ids),
                c.description,
                c.branch_id,
                c.status,
                _date(c.appointment_date),
                _date(c.termination_date),
                _usable(after, c),
            )
            for c, old in changes
            if old is not None
        ],
    )


async def _save_user_associations(connection: Connection, before: World, after: World) -> None:
    removed = [key for key, state in before.user_associations.items() if after.user_associations.get(key) is not state]
    await _remove(connection, _USER_ASSOCIATION_REMOVE, removed)
    held = [state for state, _ in _changes(before.user_associations, after.user_associations)]
    await write_rows(
        connection,
        "user_producer_code",
        _USER_ASSOCIATION_COLUMNS,
        [(a.user_id, a.code_id, a.id, a.role_ids, *_code_facts(after, a.code_id)) for a in held],
    )


async def _save_group_associations(connection: Connection, before: World, after: World) -> None:
    removed = [
        key for key, state in before.group_associations.items() if after.group_associations.get(key) is not state
    ]
    await _remove(connection, _GROUP_ASSOCIATION_REMOVE, removed)
    held = [state for state, _ in _changes(before.group_associations, after.group_associations)]
    await write_rows(
        connection,
        "group_producer_code",
        _GROUP_ASSOCIATION_COLUMNS,
        [(a.group_id, a.code_id, a.id, *_code_facts(after, a.code_id)) for a in held],
    )


async def _save_usability(connection: Connection, before: World, after: World) -> None:
    """Update the rows that repeat the usability of a code or an organization; organizations last."""
    codes = [
        (new.id, _usable(after, new), _date(new.appointment_date), _date(new.termination_date))
        for new, old in _changes(before.codes, after.codes)
        if old is not None and _shown(old) != _shown(new)
    ]
    if codes:
        await connection.execute(_ASSOCIATION_USABILITY, *zip(*codes, strict=True))
    organizations = [
        (new.id, level(new.status))
        for new, old in _changes(before.organizations, after.organizations)
        if old is not None and level(old.status) != level(new.status)
    ]
    if organizations:
        await connection.execute(_ORGANIZATION_USABILITY, *zip(*organizations, strict=True))


async def _update(connection: Connection, query: str, rows: Sequence[tuple[object, ...]]) -> None:
    if not rows:
        return
    done = await connection.execute(query, *zip(*rows, strict=True))
    if int(done.rpartition(" ")[2]) != len(rows):
        raise StoreRace("a row was changed after it was loaded")


async def _remove(connection: Connection, query: str, keys: Sequence[tuple[str, str]]) -> None:
    if keys:
        await connection.execute(query, *map(",".join, zip(*sorted(keys), strict=True)))


def _value(group: Group) -> str:
    value = asdict(group.value) if isinstance(group.value, Address) else group.value
    return orjson.dumps(value).decode()


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _usable(world: World, code: ProducerCode) -> int:
    return usability(code.status, world.organizations[code.organization_id].status)


def _code_facts(world: World, code_id: str) -> tuple[str, int, date | None, date | None]:
    code = world.codes[code_id]
    return code.code, _usable(world, code), _date(code.appointment_date), _date(code.termination_date)


def _shown(code: ProducerCode) -> tuple[int, str | None, str | None]:
    return level(code.status), code.appointment_date, code.termination_date


# The rows above have their values in the order of these columns, and of the columns that change.
_GROUP_COLUMNS = tuple(GROUP.columns())
_USER_COLUMNS = tuple(USER.columns())
_user_row: Callable[[User], tuple[object, ...]] = attrgetter(*_USER_COLUMNS)
_CODE_COLUMNS = tuple(PRODUCER_CODE.columns())
# Of the code, as _code_facts returns them.
_CODE_FACTS = ("code", "usable", "appointment_date", "termination_date")
_USER_ASSOCIATION_COLUMNS = ("user_id", "code_id", "id", "role_ids", *_CODE_FACTS)
_GROUP_ASSOCIATION_COLUMNS = ("group_id", "code_id", "id", *_CODE_FACTS)
