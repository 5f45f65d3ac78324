"""Generate, check and release the JSON Schemas: `python -m service.contract.schemas [--check | release X.Y.Z]`.

Without arguments it writes the schemas and the table of attributes. `--check` writes nothing, and fails if a file
differs from the models, or if a schema breaks readers or senders of the last release. `release` stores the schemas.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from service.contract.aggregate import STATES
from service.contract.attribute_table import README, with_table
from service.contract.schemas import DIALECT, bundle_name, documents, text
from service.contract.schemas.compatibility import breaks
from service.contract.schemas.released import released, releases, store

_FOLDER: Final = Path(__file__).parent


def rendered() -> dict[str, bytes]:
    """Return the contents of all schema files by file name."""
    bundles: dict[str, dict[str, Any]] = {}
    for name, document in documents().items():
        bundles.setdefault(bundle_name(name), {})[name] = document
    return {file: text({"$schema": DIALECT, "$defs": schemas}) for file, schemas in bundles.items()}


def main(arguments: list[str]) -> int:
    """Write the files and delete obsolete ones, or check or release them; return 1 if something is wrong."""
    match arguments:
        case []:
            _write()
            return 0
        case ["--check"]:
            wrong = [*_incompatible(), *_outdated()]
        case ["release", version]:
            wrong = [*_incompatible(), *_outdated()] or _release(version)
        case _:
            sys.stderr.write(f"{__doc__}")
            return 2
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


def _files() -> tuple[dict[Path, bytes], dict[Path, bytes]]:
    """Return the expected and the present contents of all generated files."""
    expected = {_FOLDER / name: content for name, content in rendered().items()}
    expected[README] = with_table(README.read_text(encoding="utf-8"), STATES.values()).encode()
    return expected, {path: path.read_bytes() for path in (*_FOLDER.glob("*.json"), README)}


def _write() -> None:
    expected, present = _files()
    for path in present.keys() - expected.keys():
        path.unlink()
    for path, content in expected.items():
        if present.get(path) != content:
            path.write_bytes(content)


def _outdated() -> list[str]:
    expected, present = _files()
    paths = sorted(path for path in {*expected, *present} if expected.get(path) != present.get(path))
    return [f"{path.relative_to(_FOLDER.parents[2])}: differs from the models. Run make schemas." for path in paths]


def _incompatible() -> list[str]:
    """Return the changes since the last release that break a reader or a sender, in the models or in the files."""
    versions = releases()
    if not versions:
        return []
    written: dict[str, Any] = {}
    for path in sorted(_FOLDER.glob("*.json")):
        written.update(orjson.loads(path.read_bytes())["$defs"])
    return incompatible(versions[-1], released(versions[-1]), documents(), written)


def incompatible(version: str, old: Mapping[str, Any], *new: Mapping[str, Any]) -> list[str]:
    """Return a line for each change that breaks a reader or a sender of a release, and the release."""
    found = dict.fromkeys(str(one) for schemas in new for one in breaks(old, schemas))
    return [*found, f"Release {version} has other schemas; see CONTRIBUTING.md."] if found else []


def _release(version: str) -> list[str]:
    try:
        store(version, rendered())
    except ValueError as wrong:
        return [str(wrong)]
    return []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
