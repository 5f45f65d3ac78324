"""The registry's rules as a typical service implements them for one message at a time: a query for each check.

Used by the two FastStream peers and the FastAPI peer. It supports the three commands of the benchmark and the checks of
the service for them: references, existing codes, order of dates, owners' organizations. asyncpg prepares and caches the
statements.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

import asyncpg
from pydantic import BaseModel, ConfigDict, Field

from service.core.ids import association_id, created_subject

Connection = asyncpg.Connection


class Reference(BaseModel):
    """A reference by id."""

    model_config = ConfigDict(extra="forbid", strict=True)
    id: str = Field(max_length=64, pattern="^[A-Za-z0-9][A-Za-z0-9:._~-]*$")


class CreateCode(BaseModel):
    """The body of producer-code.create."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(max_length=255, pattern="^[A-Za-z0-9][A-Za-z0-9._/-]*$")
    organization: Reference
    roles: list[Reference] = Field(min_length=1)
    branch: Reference | None = None
    description: str | None = Field(None, max_length=255)


class UpdateCode(BaseModel):
    """The body of producer-code.update."""

    model_config = ConfigDict(extra="forbid")
    description: str | None = Field(None, max_length=255)
    appointmentDate: date | None = None  # noqa: N815 - a name of the contract


class AddCode(BaseModel):
    """The body of group.add-producer-code and user.add-producer-code."""

    model_config = ConfigDict(extra="forbid")
    producerCode: Reference  # noqa: N815 - a name of the contract


@dataclass(frozen=True, slots=True)
class Change:
    """The result of a command; `data` is that of the event, empty without a change."""

    status: str
    aggregate: str
    subject: str
    version: int | None
    event: str
    data: dict[str, Any]


async def carry_out(db: "Connection[asyncpg.Record]", headers: dict[str, str], body: dict[str, Any]) -> Change:
    """Decide one command and write the changed state, in the caller's transaction."""
    name = headers["ce_type"].removeprefix("producer-registry.").removesuffix(".v1")
    match name:
        case "producer-code.create":
            subject = headers.get("ce_subject") or created_subject(headers["ce_source"], headers["ce_id"])
            return await create(db, subject, CreateCode.model_validate(body))
        case "producer-code.update":
            return await _update(db, headers["ce_subject"], UpdateCode.model_validate(body))
        case _:
            owner: Literal["group", "user"] = "group" if name.startswith("group") else "user"
            return await _add(db, owner, headers["ce_subject"], AddCode.model_validate(body).producerCode.id)


def _rejected(aggregate: str, subject: str) -> Change:
    return Change("rejected", aggregate, subject, None, "", {})


async def create(db: "Connection[asyncpg.Record]", subject: str, body: CreateCode) -> Change:
    roles = sorted({role.id for role in body.roles})
    known = await db.fetchrow(
        "SELECT (SELECT status FROM organization WHERE id = $1) AS organization, "
        "(SELECT count(*) FROM role WHERE id = ANY($2::text[])) AS roles, "
        "$3::text IS NULL OR EXISTS (SELECT FROM branch WHERE id = $3) AS branch, "
        "EXISTS (SELECT FROM producer_code WHERE id = $4 OR lower(code) = lower($5)) AS taken",
        body.organization.id,
        roles,
        body.branch and body.branch.id,
        subject,
        body.code,
    )
    assert known is not None
    if known["organization"] is None or known["roles"] != len(roles) or not known["branch"] or known["taken"]:
        return _rejected("code", subject)
    usable = {"Active": 2, "Limited": 1}.get(known["organization"], 0)
    await db.execute(
        "INSERT INTO producer_code "
        "(id, code, organization_id, role_ids, description, branch_id, status, usable, version) "
        "VALUES ($1, $2, $3, $4, $5, $6, 'Active', $7, 1)",
        subject,
        body.code,
        body.organization.id,
        roles,
        body.description,
        body.branch and body.branch.id,
        usable,
    )
    data = {"id": subject, **body.model_dump(mode="json", exclude_none=True), "version": 1}
    return Change(
        "accepted", "code", subject, 1, "producer-code.created",
        {"producerCode": data, "changed": list(data), "previous": {}},
    )  # fmt: skip


async def _update(db: "Connection[asyncpg.Record]", subject: str, body: UpdateCode) -> Change:
    old = await db.fetchrow("SELECT * FROM producer_code WHERE id = $1 FOR NO KEY UPDATE", subject)
    if old is None:
        return _rejected("code", subject)
    appointed = body.appointmentDate or old["appointment_date"]
    if appointed and old["termination_date"] and appointed > old["termination_date"]:
        return _rejected("code", subject)
    version = old["version"] + 1
    await db.execute(
        "UPDATE producer_code SET description = $2, appointment_date = $3, version = $4 WHERE id = $1",
        subject,
        body.description or old["description"],
        appointed,
        version,
    )
    if appointed != old["appointment_date"]:
        for table in ("user_producer_code", "group_producer_code"):
            await db.execute(f"UPDATE {table} SET appointment_date = $2 WHERE code_id = $1", subject, appointed)
    changes = body.model_dump(mode="json", exclude_unset=True)
    data = {
        "id": subject, "code": old["code"], "organization": {"id": old["organization_id"]},
        "roles": [{"id": role} for role in old["role_ids"]], "version": version, **changes,
    }  # fmt: skip
    previous = {"description": old["description"]}
    return Change(
        "accepted", "code", subject, version, "producer-code.updated",
        {"producerCode": data, "changed": list(changes), "previous": previous},
    )  # fmt: skip


async def _add(db: "Connection[asyncpg.Record]", noun: Literal["group", "user"], owner_id: str, code_id: str) -> Change:
    owner = await db.fetchrow(
        f"SELECT o.*, (SELECT insurer FROM organization WHERE id = o.organization_id) AS insurer "
        f"FROM registry_{noun} AS o WHERE id = $1 FOR NO KEY UPDATE",
        owner_id,
    )
    code = await db.fetchrow("SELECT * FROM producer_code WHERE id = $1 FOR SHARE", code_id)
    if owner is None or code is None:
        return _rejected(noun, owner_id)
    foreign = code["organization_id"] != owner["organization_id"]
    if (foreign and not owner["insurer"]) or (noun == "user" and not owner["code_secured"]):
        return _rejected(noun, owner_id)
    identity = association_id(noun, owner_id, code_id)
    roles = ", role_ids" if noun == "user" else ""
    values: list[Any] = [owner_id, code_id, UUID(identity), code["code"], code["usable"], code["appointment_date"]]
    if noun == "user":
        values.append(code["role_ids"])
    marks = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    added = await db.fetchval(
        f"INSERT INTO {noun}_producer_code ({noun}_id, code_id, id, code, usable, appointment_date{roles}) "
        f"VALUES ({marks}) ON CONFLICT DO NOTHING RETURNING true",
        *values,
    )
    if not added:
        return Change("unchanged", noun, owner_id, owner["version"], "", {})
    version = owner["version"] + 1
    held = "held = held + 1, " if noun == "user" else ""
    await db.execute(
        f"UPDATE registry_{noun} SET {held}held_foreign = held_foreign + $2, version = $3 WHERE id = $1",
        owner_id,
        int(foreign),
        version,
    )
    data = {"id": identity, noun: {"id": owner_id}, "producerCode": {"id": code_id, "code": code["code"]}}
    return Change("accepted", noun, owner_id, version, f"{noun}.producer-code-added", {f"{noun}ProducerCode": data})
