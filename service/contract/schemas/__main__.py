"""Write the JSON Schemas and the table of attributes: `python -m service.contract.schemas [--check]`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from service.contract.aggregate import STATES
from service.contract.attribute_table import README, with_table
from service.contract.schemas import DIALECT, bundle_name, documents, text


def rendered() -> dict[str, bytes]:
    """Return the contents of all schema files by file name."""
    bundles: dict[str, dict[str, Any]] = {}
    for name, document in documents().items():
        bundles.setdefault(bundle_name(name), {})[name] = document
    return {file: text({"$schema": DIALECT, "$defs": schemas}) for file, schemas in bundles.items()}


def main(arguments: list[str]) -> int:
    """Write the files and delete obsolete ones; with --check, return 1 if any file differs and write nothing."""
    folder = Path(__file__).parent
    expected = {folder / name: content for name, content in rendered().items()}
    expected[README] = with_table(README.read_text(encoding="utf-8"), STATES.values()).encode()
    present = {path: path.read_bytes() for path in (*folder.glob("*.json"), README)}
    if arguments == ["--check"]:
        return 0 if expected == present else 1
    for path in present.keys() - expected.keys():
        path.unlink()
    for path, content in expected.items():
        if present.get(path) != content:
            path.write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
