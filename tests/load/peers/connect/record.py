"""The records for the JDBC sink: a row of state per command, as JSON, with the schemas for the converter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from service.core.association import GroupCodeAdded, UserCodeAdded
from service.core.batch import World, decide_batch
from service.core.command import Command
from service.core.decision import Decision
from service.core.producer_code import ProducerCode, ProducerCodeCreated, ProducerCodeUpdated
from tests.load.workload import Sent

_EPOCH = date(1970, 1, 1)
ACTIVE = 2


def _text(field: str, *, optional: bool = False, name: str | None = None) -> dict[str, Any]:
    named = {} if name is None else {"name": name, "version": 1}
    return {"field": field, "type": "string", "optional": optional, **named}


def _number(field: str) -> dict[str, Any]:
    return {"field": field, "type": "int32", "optional": False}


def _day(field: str) -> dict[str, Any]:
    return {
        "field": field, "type": "int32", "optional": True, "name": "org.apache.kafka.connect.data.Date", "version": 1,
    }  # fmt: skip


_ROLES = {"field": "role_ids", "type": "array", "items": {"type": "string", "optional": False}, "optional": False}
_UUID = "io.debezium.data.Uuid"
_HELD = [_text("code"), _number("usable"), _day("appointment_date"), _day("termination_date")]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table of the sink: its key columns, and the columns of a record's value."""

    name: str
    key: tuple[str, ...]
    fields: Sequence[dict[str, Any]]

    @property
    def arrays(self) -> bool:
        """Whether a row has an array."""
        return any(field["type"] == "array" for field in self.fields)

    @property
    def schema(self) -> str:
        """The schema of the value, in the format of the JSON converter."""
        return orjson.dumps({"type": "struct", "optional": False, "fields": self.fields}).decode()

    @property
    def key_schema(self) -> str:
        """The schema of the key."""
        return orjson.dumps(
            {"type": "struct", "optional": False, "fields": [_text(column) for column in self.key]}
        ).decode()


CODES = Table(
    "producer_code",
    ("id",),
    [
        _text("code"), _text("organization_id"), _ROLES, _text("description", optional=True),
        _text("branch_id", optional=True), _text("status"), _day("appointment_date"), _day("termination_date"),
        _number("usable"), _number("version"),
    ],
)  # fmt: skip
OF_USERS = Table("user_producer_code", ("user_id", "code_id"), [_text("id", name=_UUID), _ROLES, *_HELD])
OF_GROUPS = Table("group_producer_code", ("group_id", "code_id"), [_text("id", name=_UUID), *_HELD])
TABLES = (CODES, OF_USERS, OF_GROUPS)


def records(commands: Sequence[Command], world: World) -> Iterator[tuple[Table, Sent]]:
    """Yield the row after each accepted command, in order."""
    decisions, after = decide_batch(commands, world)
    for decision in decisions:
        if not isinstance(decision, Decision):
            continue
        match decision.event:
            case ProducerCodeCreated(code) | ProducerCodeUpdated(_, code):
                yield CODES, _sent({"id": code.id}, _code(code))
            case UserCodeAdded(_, _, association):
                key = {"user_id": association.user_id, "code_id": association.code_id}
                row = {"id": association.id, "role_ids": association.role_ids, **_facts(after.codes[key["code_id"]])}
                yield OF_USERS, _sent(key, row)
            case GroupCodeAdded(_, _, shared):
                key = {"group_id": shared.group_id, "code_id": shared.code_id}
                yield OF_GROUPS, _sent(key, {"id": shared.id, **_facts(after.codes[key["code_id"]])})


def _code(code: ProducerCode) -> dict[str, Any]:
    return {
        "organization_id": code.organization_id,
        "role_ids": code.role_ids,
        "description": code.description,
        "branch_id": code.branch_id,
        "status": code.status,
        "version": code.version,
        **_facts(code),
    }


def _facts(code: ProducerCode) -> dict[str, Any]:
    return {
        "code": code.code,
        "usable": ACTIVE,
        "appointment_date": _days(code.appointment_date),
        "termination_date": _days(code.termination_date),
    }


def _days(text: str | None) -> int | None:
    return None if text is None else (date.fromisoformat(text) - _EPOCH).days


def _sent(key: dict[str, str], row: dict[str, Any]) -> Sent:
    return Sent(orjson.dumps(key), orjson.dumps(row), [])
