"""Whether new revisions of the schemas break those who read messages or send commands.

Data of a command that was valid stays valid. Readers of other messages get what the released schema says, and more
fields. So one of the two schemas must include the other one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from service.contract.catalogue import GROWS, PUBLISHED
from service.contract.schemas.alternative import plain
from service.contract.schemas.inclusion import REMOVED, Difference, differences

_SENDERS: Final = {
    "required": ("is required now", "keep it optional"),
    REMOVED: ("is not accepted any more", "accept it as before"),
    "enum": ("does not accept {old} any more, only {new}", "accept the values as before"),
    "type": ("is not accepted any more as {old}, only as {new}", "accept both"),
    "additionalProperties": ("accepts no further fields any more", "accept them as before"),
}
_READERS: Final = {
    "required": ("is not required any more", "keep it required"),
    REMOVED: ("was removed", "keep it, and add other fields beside it"),
    "type": ("may be of type {new} now, not only {old}", "keep the type, and add another field"),
    "enum": ("may be {new} now, not only {old}", f'add values only where the description says "{GROWS}"'),
}
_OTHER: Final = ("has another {keyword}: {new} instead of {old}", "keep it, and add another optional field")


class Break(NamedTuple):
    """A change that breaks a reader or a sender, and what would be right."""

    message: str
    path: str
    change: str

    def __str__(self) -> str:
        return f"{self.message}{' ' if self.path else ''}{self.path}: {self.change}"


def breaks(released: Mapping[str, Any], current: Mapping[str, Any]) -> list[Break]:
    """Return the changes between schemas, by message name, that break a reader or a sender."""
    return [found for name, schema in released.items() for found in _of_message(name, schema, current.get(name))]


def _of_message(name: str, released: Mapping[str, Any], current: Mapping[str, Any] | None) -> Iterator[Break]:
    if current is None:
        yield Break(name, "", "the message was removed. Keep its type, and add new ones beside it.")
        return
    old, new = plain(released, GROWS), plain(current, GROWS)
    if name in PUBLISHED:
        for found in differences(new, old):
            if found.keyword != GROWS:
                yield Break(name, found.path, _text(found, _READERS, name, found.wide, found.narrow))
    else:
        for found in differences(old, new):
            yield Break(name, found.path, _text(found, _SENDERS, name, found.narrow, found.wide))


def _text(found: Difference, texts: Mapping[str, tuple[str, str]], name: str, old: object, new: object) -> str:
    what, right = texts.get(found.keyword, _OTHER)
    what = what.format(keyword=found.keyword, old="none" if old is None else old, new="none" if new is None else new)
    return f"the field {what}. To be right, {right}, or define {name}.v2."
