"""The committed JSON Schemas match the models and agree with parse and render."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from itertools import product
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from service.contract.aggregate import READERS, STATES
from service.contract.attribute import StateKind
from service.contract.catalogue import COMMANDS, EVENTS, OUTCOMES, SNAPSHOTS
from service.contract.field import CALENDAR_DATE
from service.contract.schemas import committed, dataschema, documents, revisions
from service.contract.schemas.__main__ import main, rendered
from service.core.command import Invalid
from tests.unit.contract import seed
from tests.unit.contract.golden import golden
from tests.unit.contract.support import received, record
from tests.unit.contract.test_refusal import OPERATORS, REFUSED

NAMES = [kind.name for kind in (*COMMANDS, *EVENTS, *SNAPSHOTS)] + [f"command.{status}" for status in OUTCOMES]
GOLDEN = golden()
generated = cache(documents)


def validator(name: str) -> Draft202012Validator:
    """Return a validator of the committed schema."""
    return Draft202012Validator(orjson.loads(committed(name)), format_checker=FormatChecker(["date"]))


def test_committed_files_match_the_models() -> None:
    assert main(["--check"]) == 0, "run make schemas"


@pytest.mark.parametrize("name", NAMES)
def test_every_message_has_a_valid_schema(name: str) -> None:
    schema = orjson.loads(committed(name))
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == dataschema(name)
    assert schema == generated()[name]
    rest = orjson.dumps(schema | {"$id": ""}, option=orjson.OPT_SORT_KEYS)
    assert dataschema(name) == f"urn:producer-registry:schema:{name}:v1:{hashlib.sha256(rest).hexdigest()[:12]}"


def test_an_installation_may_have_its_own_schema_addresses() -> None:
    base = "https://registry.example.com/schemas/"
    own = orjson.loads(revisions("role.created")[0].served(base))
    assert own["$id"] == dataschema("role.created", base) == base + dataschema("role.created", "")
    assert own | {"$id": ""} == generated()["role.created"] | {"$id": ""}
    assert revisions("role.created")[0].served() == committed("role.created")


def test_there_are_no_other_schemas() -> None:
    assert {name for bundle in rendered().values() for name in orjson.loads(bundle)["$defs"]} == set(NAMES)
    assert {reader.kind for reader in READERS.values()} == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(name for name in GOLDEN if name.startswith(("event/", "outcome/"))))
def test_golden_event_or_outcome_is_valid(name: str) -> None:
    message = GOLDEN[name]
    schema = message["type"].removeprefix("producer-registry.").removesuffix(".v1")
    validator(schema).validate(message["value"])
    assert f"ce_dataschema: {dataschema(schema)}" in message["headers"]


@pytest.mark.parametrize("name", seed.EVENTS_OF_COMMANDS)
def test_golden_command_fits_its_schema(name: str) -> None:
    assert [*validator(name).iter_errors(seed.EVENTS_OF_COMMANDS[name]["data"])] == []


# Schemas cannot express that two ids are equal.
NOT_IN_SCHEMA = {"/distributor_id", "/id"}


@pytest.mark.parametrize(("name", "data", "paths"), [*REFUSED, *OPERATORS])
def test_schema_rejects_data_that_parse_rejects(name: str, data: object, paths: list[str]) -> None:
    if not NOT_IN_SCHEMA.issuperset(paths):
        assert not validator(name).is_valid(data)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("user.update", {"external_id": None, "username": None, "groups": None, "enabled": None}),
        ("user.update", {"name": "a\0b"}),
        ("user.update", {"external_id": "\0"}),
        ("producer-code.update", {"appointmentDate": None, "branch": None, "producerStatus": None}),
        ("producer-code.update", {"organization": None}),
        ("group.update", {"type": "region", "value": "West\n"}),
        ("group.update", {"type": "office", "value": {"line1": "1", "city": "LA", "country_code": "u\u017f"}}),
        ("user.create", {"name": "Ray", "email": "ray@armstrong.example"}),
        ("user.create", {"name": "Ray", "email": "ray@armstrong.example", "distributor_id": "pc:1"}),
        ("producer-code.update", {"producerStatus": {"code": "Active", "name": "Active"}}),
        ("producer-code.update", {"producerStatus": {"code": "Active", "name": "Limited"}}),
    ],
)
def test_schema_and_parse_agree(name: str, data: Mapping[str, Any]) -> None:
    one = record({"type": name, "id": "c-1", "source": "/x", "subject": "pc:669", "data": data})
    assert validator(name).is_valid(data) == (not isinstance(received(one).command.body, Invalid))


def test_the_pattern_of_dates_matches_exactly_the_days_of_the_calendar() -> None:
    pattern = re.compile(f"^{CALENDAR_DATE}$")
    for year, month, day in product((0, 1, 4, 100, 400, 1900, 2000, 2023, 2024, 9999), range(14), range(33)):
        try:
            expected = date(year, month, day) is not None
        except ValueError:
            expected = False
        assert (pattern.fullmatch(f"{year:04}-{month:02}-{day:02}") is not None) == expected, (year, month, day)


@pytest.mark.parametrize("kind", STATES.values(), ids=lambda kind: kind.noun)
def test_subscribers_must_accept_attributes_that_are_added_later(kind: StateKind) -> None:
    state = generated()[f"{kind.noun}.snapshot"]["$defs"][f"{kind.state.__name__}State"]
    assert list(state["properties"]) == ["id", *(a.name for a in kind.attributes if a.only != "commands"), "version"]
    assert "additionalProperties" not in state
