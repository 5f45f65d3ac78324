"""A validator of the schemas and the service give the same verdict on data, whatever it is.

REGISTRY_TEST_BODIES is the number of bodies for each command.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from random import Random
from typing import Any, Final

import pytest

from service.contract.catalogue import COMMANDS
from service.contract.schemas import documents
from service.core.command import Invalid
from service.core.problem import Problem
from tests.unit.contract.near_miss import DataDraw
from tests.unit.contract.schema_validator import schema_validator
from tests.unit.contract.support import received, record

BODIES: Final = int(os.environ.get("REGISTRY_TEST_BODIES", "120"))
SCHEMAS: Final = documents()
NAMES: Final = [kind.name for kind in COMMANDS]


def service_problems(name: str, data: object) -> tuple[Problem, ...]:
    """Return what the service finds in the data of a command with a valid envelope."""
    sent = {"type": name, "id": "c-1", "source": "/x", "subject": "pc:669", "data": data}
    body = received(record(sent)).command.body
    return body.problems if isinstance(body, Invalid) else ()


def is_beyond_schemas(problem: Problem, data: Mapping[str, Any]) -> bool:
    """Return whether a problem is one of those that the contract says schemas cannot express."""
    if problem.path in ("/distributor_id", "/id"):
        return "must be the same as" in problem.message
    if problem.path == "/username":
        text = data["username"]
        return isinstance(text, str) and any(ord(character) > 0xFFFF for character in text)
    return False


def check(name: str, data: Any) -> bool:
    """Compare the verdicts, and return whether the data is valid."""
    found = service_problems(name, data)
    valid = schema_validator(SCHEMAS[name]).is_valid(data)
    if not valid:
        assert found, f"the service accepts what the schema refuses: {data!r}"
        assert {problem.code for problem in found} <= {"invalid", "unknown-field", "immutable-field"}
    else:
        others = [problem for problem in found if not is_beyond_schemas(problem, data)]
        assert others == [], f"the service refuses what the schema allows: {data!r}"
    return valid


@pytest.mark.parametrize("name", NAMES)
def test_near_misses_have_the_same_verdict(name: str) -> None:
    verdicts = {True: 0, False: 0}
    for number in range(BODIES):
        draw = DataDraw(SCHEMAS[name], Random(f"{name} {number}"))
        verdicts[check(name, draw.near_miss())] += 1
    assert min(verdicts.values()) > BODIES // 20, verdicts


@pytest.mark.parametrize("name", NAMES)
def test_data_made_from_a_schema_is_accepted(name: str) -> None:
    accepted = 0
    for number in range(BODIES // 4):
        data = DataDraw(SCHEMAS[name], Random(f"{name} {number}")).valid()
        accepted += check(name, data)
    assert accepted > BODIES // 40
