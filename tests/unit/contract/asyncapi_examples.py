"""The examples of the AsyncAPI document, taken from the golden files."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from service.contract.asyncapi.dead_letter_message import LETTER, MARKER
from service.contract.asyncapi.message import STRUCTURED_SUFFIX
from service.contract.asyncapi.name import STATE_SUFFIX, TOMBSTONE, type_name

_OUTCOMES: Final = {
    "repeated": ("command.accepted", "A duplicate"),
    "with-more-errors": ("command.rejected", "More errors than are listed"),
    "without-subject": ("command.rejected", "Without a subject"),
}
"""The message of outcomes with another name, and what each one shows."""


def examples(golden: Mapping[str, Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the examples by the name of the message in the components."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path, content in golden.items():
        direction, _, name = path.partition("/")
        for message, example in _examples(direction, name, content):
            found.setdefault(message, []).append(example)
    return found


def _examples(direction: str, name: str, content: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    match direction:
        case "command":
            yield type_name(name), _example(name, content["binary"])
            yield f"{type_name(name)}{STRUCTURED_SUFFIX}", _example(name, content["structured"])
        case "outcome":
            message, title = _OUTCOMES.get(name, (name, name))
            yield type_name(message), _example(title, content)
        case "dead-letter" if name == "mark":
            yield MARKER, _example(name, content)
        case "dead-letter" if name != "too-large":
            # The value of a dead letter is no JSON but bytes, which the golden file shows parsed if it can.
            yield LETTER, _example(name, {**content, "value": _text(content["value"])})
        case "state" if content["value"] is None:
            yield TOMBSTONE, _example(name, content)
        case "state":
            yield f"{type_name(name)}{STATE_SUFFIX}", _example(name, content)
        case "event":
            yield type_name(name), _example(name, content)


def _example(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "headers": _headers(content["headers"]), "payload": content["value"]}


def _headers(lines: Sequence[str]) -> dict[str, str | None]:
    return {name: value if colon else None for name, colon, value in (line.partition(": ") for line in lines)}


def _text(value: Any) -> str | None:
    import json

    return value if value is None or isinstance(value, str) else json.dumps(value)
