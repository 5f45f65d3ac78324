"""The revisions of the schemas that belong to a release: `released/X.Y.Z` beside this file, with the same bundles.

They never change. The API serves them, because stored messages refer to them in `dataschema`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

FOLDER: Final = Path(__file__).parent / "released"
_VERSION: Final = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")


def releases(folder: Path = FOLDER) -> list[str]:
    """Return the versions of the releases, from the oldest to the newest one."""
    names = [path.name for path in folder.iterdir()] if folder.exists() else []
    return sorted((name for name in names if _VERSION.fullmatch(name)), key=_ordered)


@cache
def released(version: str, folder: Path = FOLDER) -> Mapping[str, Any]:
    """Return the schemas of a release by message name."""
    found: dict[str, Any] = {}
    for path in sorted((folder / version).glob("*.json")):
        found.update(orjson.loads(path.read_bytes())["$defs"])
    return found


def store(version: str, bundles: Mapping[str, bytes], folder: Path = FOLDER) -> None:
    """Store the bundles of a release by file name. Raises ValueError for a version that cannot be the next one."""
    if not _VERSION.fullmatch(version):
        raise ValueError(f"{version} is not a version: write X.Y.Z, such as 1.2.0")
    known = releases(folder)
    if version in known:
        raise ValueError(f"{version} is stored already, and released schemas do not change: choose a higher version")
    if known and _ordered(version) < _ordered(known[-1]):
        raise ValueError(f"{version} is lower than the last release, {known[-1]}: choose a higher version")
    (folder / version).mkdir(parents=True)
    for name, content in bundles.items():
        (folder / version / name).write_bytes(content)


def _ordered(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]
