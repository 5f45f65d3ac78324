"""Commands on their way out: what a sender may leave out is filled in, what cannot be sent is refused by its row."""

import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from service.cli.message import short_type
from service.cli.sheet import SheetRefused, csv_events
from service.contract.catalogue import COMMANDS, wire_type
from service.contract.topics import Topics
from service.core.ids import created_subject

SOURCE = "/producer-registry/send"
"""The source of commands that name none."""

HEADERS = [("content-type", b"application/cloudevents+json; charset=utf-8")]
CREATES = frozenset(kind.type for kind in COMMANDS if kind.creates)
OPERATOR = frozenset(kind.type for kind in COMMANDS if kind.operator)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One command to publish: the row it came from, its identity, and its record in structured mode."""

    row: int
    topic: str
    source: str
    id: str
    type: str
    key: bytes | None
    value: bytes


class Outbound:
    """Completes commands of one sender, and gives those of one organization the same key, so that they stay in order.

    `type_`, `source` and `key` hold for commands that bring none; `seed` makes the ids of those without.
    """

    def __init__(
        self, topics: Topics, *, type_: str | None = None, source: str = SOURCE, key: str | None = None, seed: str = ""
    ) -> None:
        self._topics = topics.for_command
        self._defaults = {"specversion": "1.0", "source": source, "datacontenttype": "application/json"}
        self._type = type_
        self._key = key
        self._seed = seed
        self._organizations: dict[str, str] = {}

    def complete(self, row: int, event: dict[str, Any]) -> Outgoing:
        """Fill in what is left out; raises ValueError when the command has no known type."""
        given = event.get("type") or self._type
        type_ = self._full_type(str(given) if given else "")
        whole = {"id": f"{self._seed}:{row}", **self._defaults, **event, "type": type_}
        source, id_ = str(whole["source"]), str(whole["id"])
        key = self._key_of(whole, source, id_)
        return Outgoing(
            row, self._topics[type_], source, id_, type_, key.encode() if key else None, orjson.dumps(whole)
        )

    def _full_type(self, given: str) -> str:
        if not given:
            raise ValueError("no type: give --type, or a type in each row")
        for full in (given, wire_type(given)):
            if full in self._topics:
                return full
        near = difflib.get_close_matches(short_type(given), [kind.name for kind in COMMANDS], n=1)
        raise ValueError(f"{given} is not a type of command" + (f": did you mean {near[0]}?" if near else ""))

    def _key_of(self, event: dict[str, Any], source: str, id_: str) -> str | None:
        """The organization's id when it is known (from this or an earlier command of the subject), else the subject."""
        subject = event.get("subject")
        if not isinstance(subject, str):
            subject = created_subject(source, id_) if event["type"] in CREATES else None
        organization = _organization(event.get("data"))
        if subject and organization:
            self._organizations[subject] = organization
        given = event.get("partitionkey") or self._key
        if given:
            return str(given)
        if event["type"] in OPERATOR:
            return subject
        return organization or self._organizations.get(subject or "") or subject


def prepared(content: bytes, form: Literal["csv", "json"], outbound: Outbound) -> list[Outgoing]:
    """The commands of a file's content; raises SheetRefused with every row that cannot be sent."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SheetRefused([f"byte {error.start}: the input is not UTF-8"]) from None
    problems: list[str] = []
    commands: list[Outgoing] = []
    for row, event in csv_events(text) if form == "csv" else _json_events(text, problems):
        try:
            commands.append(outbound.complete(row, event))
        except ValueError as error:
            problems.append(f"row {row}: {error}")
    if problems:
        raise SheetRefused(problems)
    return commands


def form_of(name: str, content: bytes) -> Literal["csv", "json"]:
    """Whether a file is CSV or JSON lines: by its name's ending, else by its first character."""
    if name.lower().endswith(".csv"):
        return "csv"
    return "json" if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else "csv"


def seed_of(content: bytes) -> str:
    """What the ids of commands without one begin with: equal for equal content, so that a repeat is known as one."""
    return hashlib.sha256(content).hexdigest()[:32]


def _json_events(text: str, problems: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    # not splitlines: JSON texts may hold the other line separators of Unicode
    for row, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            event = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            problems.append(f"row {row}: not JSON: {error}")
            continue
        if isinstance(event, dict):
            yield row, event
        else:
            problems.append(f"row {row}: a JSON object is needed")


def _organization(data: object) -> str | None:
    if not isinstance(data, dict):
        return None
    found = data.get("organization", data.get("distributor_id"))
    if isinstance(found, dict):
        found = found.get("id")
    return found if isinstance(found, str) else None
