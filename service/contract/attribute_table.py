"""The table of attributes in README.md of this package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from service.contract.attribute import Attribute, StateKind

README: Final = Path(__file__).parent / "README.md"
_BEGIN: Final = "<!-- attributes: make schemas writes this table -->\n"
_END: Final = "<!-- end of attributes -->\n"


def with_table(text: str, kinds: Iterable[StateKind]) -> str:
    """Return the text of the README with the attributes of these objects between its two comments."""
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    table = "".join(f"{line}\n" for line in _lines(kinds))
    return f"{before}{_BEGIN}\n{table}\n{_END}{after}"


def _lines(kinds: Iterable[StateKind]) -> Iterator[str]:
    yield "| object | attribute | value | meaning |"
    yield "|---|---|---|---|"
    for kind in kinds:
        for attribute in kind.attributes:
            meaning = "; ".join((attribute.description, *_remarks(attribute)))
            yield f"| {kind.noun.replace('-', ' ')} | `{attribute.name}` | {_value(attribute)} | {meaning} |"


def _remarks(attribute: Attribute) -> Iterator[str]:
    if attribute.required:
        yield "required"
    if attribute.fixed:
        yield "never changes"
    if attribute.only is not None:
        yield f"in {attribute.only} only"


def _value(attribute: Attribute) -> str:
    return "" if attribute.only == "events" else TypeAdapter(attribute.kind.command).json_schema()["description"]
