"""The final content of the database, read with the tests' own statements, not with those of the store."""

import json
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from typing import Any, TypeVar, cast

import asyncpg

from service.core.association import GroupAssociation, UserAssociation
from service.core.batch import World
from service.core.group import Address, Group
from service.core.organization import Organization
from service.core.producer_code import ProducerCode
from service.core.reference import Branch, Product, Role
from service.core.user import User
from tests.support.checker.evidence import Database, TopicPartition
from tests.support.inbox import remembered

Row = asyncpg.Record
_MARKS = "SELECT topic, partition, max(next_offset) FROM offset_mark GROUP BY 1, 2"
_OUTBOX = "SELECT (SELECT count(*) FROM outbox_frame) + (SELECT count(*) FROM outbox_held)"
_WAITING = "SELECT count(*) FROM waiting_command"
State = TypeVar("State")

STRAYS = {
    "code and organization": """
        SELECT c.id FROM producer_code c JOIN organization o ON o.id = c.organization_id
        WHERE c.usable <> LEAST(
            CASE c.status WHEN 'Active' THEN 2 WHEN 'Limited' THEN 1 ELSE 0 END,
            CASE o.status WHEN 'Active' THEN 2 WHEN 'Limited' THEN 1 ELSE 0 END)""",
    "user association and code": """
        SELECT a.user_id || ' ' || a.code_id FROM user_producer_code a LEFT JOIN producer_code c ON c.id = a.code_id
        WHERE (a.code, a.usable, a.appointment_date, a.termination_date)
            IS DISTINCT FROM (c.code, c.usable, c.appointment_date, c.termination_date)""",
    "group association and code": """
        SELECT a.group_id || ' ' || a.code_id FROM group_producer_code a LEFT JOIN producer_code c ON c.id = a.code_id
        WHERE (a.code, a.usable, a.appointment_date, a.termination_date)
            IS DISTINCT FROM (c.code, c.usable, c.appointment_date, c.termination_date)""",
    "user's count and associations": """
        SELECT u.id FROM registry_user u CROSS JOIN LATERAL (
            SELECT count(*) AS held, count(*) FILTER (WHERE c.organization_id <> u.organization_id) AS held_foreign
            FROM user_producer_code a JOIN producer_code c ON c.id = a.code_id WHERE a.user_id = u.id) AS n
        WHERE (u.held, u.held_foreign) IS DISTINCT FROM (n.held, n.held_foreign)""",
    "group's count and associations": """
        SELECT g.id FROM registry_group g WHERE g.held_foreign <> (
            SELECT count(*) FROM group_producer_code a JOIN producer_code c ON c.id = a.code_id
            WHERE a.group_id = g.id AND c.organization_id <> g.organization_id)""",
}
"""Queries for rows whose denormalized columns differ from the row they are copied from."""


async def take_snapshot(url: str) -> Database:
    """Read all tables in one transaction with one snapshot."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            strays = [f"{what}: {row[0]}" for what, query in STRAYS.items() for row in await connection.fetch(query)]
            inbox = await remembered(connection)
            marks = await connection.fetch(_MARKS)
            return Database(
                world=await _world(connection),
                inbox={key: outcome.status for key, outcome in inbox.items()},
                outbox_rows=await connection.fetchval(_OUTBOX),
                marks={(row["topic"], row["partition"]): row[2] for row in marks},
                strays=strays,
            )
    finally:
        await connection.close()


async def read_marks(url: str) -> tuple[dict[TopicPartition, int], int, int]:
    """Return the marks, the number of frames in the outbox or held, and the number of waiting commands."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        marks = await connection.fetch(_MARKS)
        counts = [await connection.fetchval(query) for query in (_OUTBOX, _WAITING)]
        return {(row["topic"], row["partition"]): row[2] for row in marks}, counts[0], counts[1]
    finally:
        await connection.close()


async def _world(connection: Any) -> World:
    async def states(table: str, state: Callable[..., State]) -> dict[str, State]:
        return {row["id"]: _state(row, state) for row in await connection.fetch(f"SELECT * FROM {table}")}  # noqa: S608

    held_by_users = await connection.fetch("SELECT user_id, code_id, id::text AS id, role_ids FROM user_producer_code")
    held_by_groups = await connection.fetch("SELECT group_id, code_id, id::text AS id FROM group_producer_code")
    return World(
        organizations=await states("organization", Organization),
        branches=await states("branch", Branch),
        roles=await states("role", Role),
        products=await states("product", Product),
        groups=await states("registry_group", Group),
        users=await states("registry_user", User),
        codes=await states("producer_code", ProducerCode),
        user_associations={
            (r["user_id"], r["code_id"]): UserAssociation(r["id"], r["user_id"], r["code_id"], tuple(r["role_ids"]))
            for r in held_by_users
        },
        group_associations={
            (r["group_id"], r["code_id"]): GroupAssociation(r["id"], r["group_id"], r["code_id"])
            for r in held_by_groups
        },
    )


def _state(row: Row, state: Callable[..., State]) -> State:
    """Return the state of a row, whose columns have the names of the fields; the other columns are checked apart."""
    names = [field.name for field in fields(cast("Any", state))]
    values = {name: value.isoformat() if isinstance(value := row[name], date) else value for name in names}
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    if state is Group:
        value = json.loads(values["value"])
        values["value"] = Address(**value) if isinstance(value, dict) else value
    return state(**values)
