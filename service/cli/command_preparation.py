"""Commands on their way out: what a sender may leave out is filled in, what cannot be sent is refused by its row."""

import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from service.cli.csv_input import InvalidCsv, csv_events
from service.cli.message import short_type
from service.contract.catalogue import COMMANDS, wire_type
from service.contract.sending import Unsendable, command_record, read_line
from service.contract.topics import Topics
from service.core.ids import created_subject

SOURCE = "/producer-registry/send"
"""The source of commands that name none."""

TYPES = [kind.name for kind in COMMANDS]
CREATES = frozenset(kind.type for kind in COMMANDS if kind.creates)
OPERATOR = frozenset(kind.type for kind in COMMANDS if kind.operator)


@dataclass(frozen=True, slots=True)
class PreparedCommand:
    """One command to publish: the row it came from, its identity, and its record in structured mode."""

    row: int
    source: str
    id: str
    type: str
    topic: str
    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]]


class CommandPreparer:
    """Completes commands of one sender, and gives those of one organization the same key, so that they stay in order.

    `type_`, `source` and `key` hold for commands that bring none; `seed` makes the ids of those without.
    """

    def __init__(
        self, topics: Topics, *, type_: str | None = None, source: str = SOURCE, key: str | None = None, seed: str = ""
    ) -> None:
        self._topics = topics
        self._type = type_
        self._source = source
        self._key = key
        self._seed = seed
        self._organizations: dict[str, str] = {}

    def complete(self, row: int, event: dict[str, Any]) -> PreparedCommand:
        """Fill in what is left out; raises ValueError when it cannot be a command."""
        type_ = _full_type(str(event.get("type") or self._type or ""))
        whole = {"id": f"{self._seed}:{row}", "source": self._source, **event, "type": type_}
        record = command_record(whole, self._topics, "structured")
        key = self._key_of(whole)
        return PreparedCommand(
            row,
            whole["source"],
            whole["id"],
            type_,
            record.topic,
            key.encode() if key else None,
            record.value,
            record.headers,
        )

    def _key_of(self, event: dict[str, Any]) -> str | None:
        """The organization's id when it is known (from this or an earlier command of the subject), else the subject."""
        subject = event.get("subject")
        if not isinstance(subject, str):
            subject = created_subject(event["source"], event["id"]) if event["type"] in CREATES else None
        organization = _organization(event.get("data"))
        if subject and organization:
            self._organizations[subject] = organization
        given = event.get("partitionkey") or self._key
        if given:
            return str(given)
        if event["type"] in OPERATOR:
            return subject
        return organization or self._organizations.get(subject or "") or subject


def _full_type(given: str) -> str:
    if not given:
        raise ValueError("no type: give --type, or a type in each row")
    name = short_type(given)
    if name in TYPES:
        return wire_type(name)
    near = difflib.get_close_matches(name, TYPES, n=1)
    raise ValueError(f"{given} is not a type of command" + (f": did you mean {near[0]}?" if near else ""))


def prepared(content: bytes, form: Literal["csv", "json"], outbound: CommandPreparer) -> list[PreparedCommand]:
    """The commands of a file's content; raises SheetRefused with every row that cannot be sent."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidCsv([f"byte {error.start}: the input is not UTF-8"]) from None
    problems: list[str] = []
    commands: list[PreparedCommand] = []
    for row, event in csv_events(text) if form == "csv" else _json_events(text, problems):
        try:
            commands.append(outbound.complete(row, event))
        except ValueError as error:
            problems.append(f"row {row}: {error}")
    if problems:
        raise InvalidCsv(problems)
    return commands


def form_of(name: str, content: bytes) -> Literal["csv", "json"]:
    """Whether a file is CSV or JSON lines: by its name's ending, else by its first character."""
    if name.lower().endswith(".csv"):
        return "csv"
    return "json" if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")) else "csv"


def seed_of(content: bytes) -> str:
    """What the ids of commands without one begin with: equal for equal content, so that a repeat is known as one."""
    return hashlib.sha256(content).hexdigest()[:32]


def _json_events(text: str, problems: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    # not splitlines: JSON texts may hold the other line separators of Unicode
    for row, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            event = read_line(line)
        except Unsendable as error:
            problems.append(f"row {row}: {error}")
        else:
            yield row, event


def _organization(data: object) -> str | None:
    if not isinstance(data, dict):
        return None
    found = data.get("organization", data.get("distributor_id"))
    if isinstance(found, dict):
        found = found.get("id")
    return found if isinstance(found, str) else None
