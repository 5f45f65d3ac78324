"""What a caller with the claim `organizations` may name in a request that writes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from service.http.caller import Caller
from service.store.read_store import ReadStore

Kind = Literal["code", "group", "user"]

EACH: Final = "*"
"""A step of a path that stands for all items of a list."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A place in the data of a command that has the id of an object: names of members, or EACH."""

    kind: Kind | Literal["organization", "role"]
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """An object that a request names: `path` is a JSON pointer into the data of its command."""

    kind: str
    id: str
    path: str


def named(data: object, references: Sequence[Reference]) -> Iterator[Named]:
    """Return the objects that valid data names."""
    for reference in references:
        for identifier, path in _found(data, reference.path, ""):
            yield Named(reference.kind, identifier, path)


def _found(value: Any, steps: tuple[str, ...], path: str) -> Iterator[tuple[str, str]]:
    if not steps:
        yield value, path
        return
    if value is None:
        return
    first, *rest = steps
    members = enumerate(value) if first == EACH else [(first, value[first])] if first in value else []
    for step, member in members:
        yield from _found(member, tuple(rest), f"{path}/{step}")


async def unseen(caller: Caller, reader: ReadStore, named_objects: Iterable[Named]) -> list[str]:
    """Return the paths of objects that do not exist for a restricted caller, who cannot tell why.

    Raises StoreUnavailable.
    """
    if caller.organizations is None:
        return []
    objects = list(named_objects)
    ids: dict[str, set[str]] = {}
    for one in objects:
        ids.setdefault(one.kind, set()).add(one.id)
    seen = {
        "organization": {one for one in ids.get("organization", ()) if caller.sees(one)},
        "role": ids.get("role", set()) if caller.organizations else set(),
    }
    for kind in ids.keys() - seen.keys():
        owned = await reader.owned(kind, sorted(ids[kind]))
        seen[kind] = {identifier for identifier, one in owned.items() if caller.sees(one.organization_id)}
    return [one.path for one in objects if one.id not in seen[one.kind]]
