"""The committed JSON Schemas are those of the models, and say of every message what parse and render do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from service.contract.catalogue import COMMANDS, EVENTS, OUTCOMES, SNAPSHOTS, schema_address
from service.contract.command import READERS
from service.contract.data import OrganizationState
from service.contract.schemas import committed, documents
from service.contract.schemas.__main__ import main, rendered
from service.core.command import Invalid
from tests.unit.contract import seed
from tests.unit.contract.golden import FOLDER
from tests.unit.contract.support import received, record
from tests.unit.contract.test_refusal import OPERATORS, REFUSED

NAMES = [kind.name for kind in (*COMMANDS, *EVENTS, *SNAPSHOTS)] + [f"command.{status}" for status in OUTCOMES]


def validator(name: str) -> Draft202012Validator:
    """Make a validator of the committed schema."""
    return Draft202012Validator(orjson.loads(committed(name)), format_checker=FormatChecker(["date"]))


def test_committed_files_are_those_of_the_models() -> None:
    assert main(["--check"]) == 0, "make schemas writes them again"


@pytest.mark.parametrize("name", NAMES)
def test_schema_is_there_and_right_for_every_message(name: str) -> None:
    schema = orjson.loads(committed(name))
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == schema_address(name)
    assert schema == documents()[name]


def test_there_is_no_schema_of_anything_else() -> None:
    assert set(rendered()) == {f"{name}.v1.json" for name in NAMES}
    assert {reader.kind for reader in READERS.values()} == set(COMMANDS)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("[eo]*/*.json")), ids=lambda path: path.stem)
def test_golden_answer_fits_its_schema(path: Any) -> None:
    golden = orjson.loads(path.read_bytes())
    name = golden["type"].removeprefix("producer-registry.").removesuffix(".v1")
    validator(name).validate(golden["value"])
    assert f"ce_dataschema: {schema_address(name)}" in golden["headers"]


@pytest.mark.parametrize("name", seed.EVENTS_OF_COMMANDS)
def test_golden_command_fits_its_schema(name: str) -> None:
    assert [*validator(name).iter_errors(seed.EVENTS_OF_COMMANDS[name]["data"])] == []


# What a schema cannot say: that two fields agree, that one of two is there, that an id is the subject.
BEYOND = {"/producerStatus/name", "/distributor_id", "/organization", "/id"}


@pytest.mark.parametrize(("name", "data", "paths"), [*REFUSED, *OPERATORS])
def test_schema_refuses_what_parse_refuses(name: str, data: object, paths: list[str]) -> None:
    if not BEYOND.issuperset(paths):
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
    ],
)
def test_schema_and_parse_agree_on(name: str, data: Mapping[str, Any]) -> None:
    one = record({"type": name, "id": "c-1", "source": "/x", "subject": "pc:669", "data": data})
    assert validator(name).is_valid(data) == (not isinstance(received(one).command.body, Invalid))


def test_states_have_the_attributes_of_the_models() -> None:
    schema = documents()["organization.created"]
    state = schema["$defs"]["OrganizationState"]
    assert list(state["properties"]) == list(OrganizationState.__annotations__)
    assert "additionalProperties" not in state, "a subscriber must accept what is added later"
