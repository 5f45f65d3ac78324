"""Load the state that a batch of commands needs: a statement for each kind of state to lock, and one for all others."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from service.core.association import GroupAssociation, UserAssociation
from service.core.batch import Needs, World
from service.core.group import Address, Group
from service.core.organization import Organization
from service.core.producer_code import ProducerCode
from service.core.reference import Branch, Product, Role
from service.core.user import User
from service.store.pool import Connection
from service.store.state_statement import STATEMENTS

_GROUP = STATEMENTS["group_load"]
_USER = STATEMENTS["user_load"]
_PRODUCER_CODE = STATEMENTS["producer_code_load"]
_UNLOCKED = STATEMENTS["unlocked_load"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The loaded state, the block of positions that the batch has taken, and the time of its decisions."""

    world: World
    block: int
    decided_at: datetime


async def load_world(connection: Connection, needs: Needs) -> Loaded:
    """Read and lock the aggregates of a batch, and take its block: the caller holds the lock of batches.

    Kinds are always in the same order, and rows in the order of their ids, so that writers cannot deadlock.
    """
    groups = {row["id"]: _group(row) for row in await _rows(connection, _GROUP, needs.groups, needs.insurer_checks)}
    users = {row["id"]: _user(row) for row in await _rows(connection, _USER, needs.users, names=needs.usernames)}
    codes = {row["id"]: _code(row) for row in await _rows(connection, _PRODUCER_CODE, needs.codes, needs.code_strings)}
    organizations = set(needs.organizations)
    organizations.update(group.organization_id for group in groups.values())
    organizations.update(user.organization_id for user in users.values())
    organizations.update(code.organization_id for code in codes.values())
    ids = map(_joined, (organizations, needs.branches, needs.roles, needs.products))
    pairs = (*_joined_pairs(needs.user_associations), *_joined_pairs(needs.group_associations))
    # After the locks: the block rises in the order in which others see the changes, and nobody changes what is read.
    unlocked: dict[str, list[Any]] = defaultdict(list)
    for kind, state in await connection.fetch(_UNLOCKED, *ids, *pairs):
        unlocked[kind].append(state)
    [(block, decided_at)] = unlocked["block"]
    world = World(
        organizations={id_: Organization(id_, *rest) for id_, *rest in map(_with_tuples, unlocked["organization"])},
        branches={id_: Branch(id_, *rest) for id_, *rest in unlocked["branch"]},
        roles={id_: Role(id_, *rest) for id_, *rest in map(_with_tuples, unlocked["role"])},
        products={id_: Product(id_, *rest) for id_, *rest in unlocked["product"]},
        groups=groups,
        users=users,
        codes=codes,
        code_ids={code.code.lower(): code.id for code in codes.values()},
        usernames={user.username: user.id for user in users.values() if user.username is not None},
        user_associations={
            (user_id, code_id): UserAssociation(id_, user_id, code_id, tuple(role_ids))
            for id_, user_id, code_id, role_ids in unlocked["user_association"]
        },
        group_associations={
            (group_id, code_id): GroupAssociation(id_, group_id, code_id)
            for id_, group_id, code_id in unlocked["group_association"]
        },
    )
    return Loaded(world, block, decided_at)


async def _rows(
    connection: Connection, query: str, *keys: Collection[str], names: Collection[str] | None = None
) -> Iterable[asyncpg.Record]:
    """Read rows by ids or code strings, which have no commas, and by user names, which may have some."""
    if not any(keys) and not names:
        return ()
    more = () if names is None else (sorted(names),)
    return await connection.fetch(query, *map(_joined, keys), *more)


def _joined_pairs(pairs: Collection[tuple[str, str]]) -> tuple[str, str]:
    owners, codes = zip(*sorted(pairs), strict=True) if pairs else ((), ())
    return ",".join(owners), ",".join(codes)


def _joined(ids: Collection[str]) -> str:
    # For the driver, encoding one text takes half the time of an array.
    return ",".join(sorted(ids))


def _with_tuples(state: Iterable[Any]) -> Iterable[Any]:
    return (tuple(value) if isinstance(value, list) else value for value in state)


def _group(row: asyncpg.Record) -> Group:
    id_, type_, value, organization_id, products, held_foreign, version = row.values()
    content = orjson.loads(value)
    address = Address(**content) if isinstance(content, dict) else content
    return Group(id_, type_, address, organization_id, tuple(products), held_foreign, version)


def _user(row: asyncpg.Record) -> User:
    id_, name, email, organization_id, external_id, username, groups, *rest = row.values()
    return User(id_, name, email, organization_id, external_id, username, tuple(groups), *rest)


def _code(row: asyncpg.Record) -> ProducerCode:
    id_, code, organization_id, roles, *rest = row.values()
    return ProducerCode(id_, code, organization_id, tuple(roles), *rest)
