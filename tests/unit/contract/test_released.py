"""Schemas of releases are kept as they were, and the check of schemas compares with the last release."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import orjson
import pytest

from service.contract.schemas import __main__ as command
from service.contract.schemas import documents
from service.contract.schemas.released import released, releases, store

BUNDLE = orjson.dumps({"$defs": {"role.put": {"type": "object"}}})
FIELD = {"type": "string"}


def test_a_release_is_stored_and_found_in_the_order_of_versions(tmp_path: Path) -> None:
    assert releases(tmp_path / "none") == []
    for version in ("0.9.0", "0.10.0", "1.0.0"):
        store(version, {"role.json": BUNDLE}, tmp_path)
    (tmp_path / "README.md").touch()
    assert releases(tmp_path) == ["0.9.0", "0.10.0", "1.0.0"]
    assert released("0.10.0", tmp_path) == {"role.put": {"type": "object"}}
    assert (tmp_path / "0.10.0" / "role.json").read_bytes() == BUNDLE


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("1.0", "1.0 is not a version: write X.Y.Z, such as 1.2.0"),
        ("v1.0.0", "v1.0.0 is not a version: write X.Y.Z, such as 1.2.0"),
        ("../1.0.0", "../1.0.0 is not a version: write X.Y.Z, such as 1.2.0"),
        ("0.10.0", "0.10.0 is stored already, and released schemas do not change: choose a higher version"),
        ("0.9.9", "0.9.9 is lower than the last release, 0.10.0: choose a higher version"),
    ],
)
def test_a_version_that_cannot_be_the_next_one_is_refused(tmp_path: Path, version: str, message: str) -> None:
    store("0.10.0", {"role.json": BUNDLE}, tmp_path)
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        store(version, {}, tmp_path)
    assert releases(tmp_path) == ["0.10.0"]


def test_there_is_a_release_to_compare_with() -> None:
    assert releases()[0] == "0.1.0"


def test_released_schemas_are_as_they_were() -> None:
    for name, schema in [one for version in releases() for one in released(version).items()]:
        rest = orjson.dumps(schema | {"$id": ""}, option=orjson.OPT_SORT_KEYS)
        revision = hashlib.sha256(rest).hexdigest()[:12]
        assert schema["$id"] == f"urn:producer-registry:schema:{name}:v1:{revision}"


def broken(name: str) -> dict[str, Any]:
    """Return the schemas of a release whose message had another field: an optional one, or a required one in events."""
    earlier: dict[str, Any] = orjson.loads(orjson.dumps(documents()))
    schema = earlier[name]
    schema["properties"]["nickname"] = FIELD
    schema["required"] = [*schema["required"], *(["nickname"] if name == "user.created" else [])]
    return earlier


@pytest.mark.parametrize("name", ["user.create", "user.created"])
@pytest.mark.parametrize("arguments", [["--check"], ["release", "9.9.9"]], ids=["check", "release"])
def test_the_check_fails_with_the_name_of_the_field(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, arguments: list[str]
) -> None:
    monkeypatch.setattr(command, "releases", lambda: ["0.0.1"])
    monkeypatch.setattr(command, "released", lambda _: broken(name))
    assert command.main(arguments) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"{name} /nickname: the field ")
    assert lines[1] == "Release 0.0.1 has other schemas; see CONTRIBUTING.md."
    assert "9.9.9" not in releases()


def test_the_check_names_a_file_that_differs_from_the_models(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = {**command.rendered(), "role.json": b"{}"}
    monkeypatch.setattr(command, "rendered", lambda: changed)
    assert command.main(["--check"]) == 1
    assert capsys.readouterr().err == "service/contract/schemas/role.json: differs from the models. Run make schemas.\n"


def test_other_arguments_are_refused_with_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["freeze"]) == 2
    assert "[--check | release X.Y.Z]" in capsys.readouterr().err
