"""Prepare commands for sending: add missing attributes, and report the rows that cannot be sent."""

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
"""The source of commands without a source."""

TYPES = [kind.name for kind in COMMANDS]
CREATES = frozenset(kind.type for kind in COMMANDS if kind.creates)
OPERATOR = frozenset(kind.type for kind in COMMANDS if kind.operator)


@dataclass(frozen=True, slots=True)
class PreparedCommand:
    """A command to publish: its row in the input, its source and id, and its record in structured mode."""

    row: int
    source: str
    id: str
    type: str
    topic: str
    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]]


class CommandPreparer:
    """Complete the commands of one sender. Commands of one organization get the same key, which keeps their order.

    `type_`, `source` and `key` are defaults for commands without these attributes. `seed` is the prefix of generated
    ids.
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
        """Add the missing attributes of a command. Raises ValueError if the event is not a command."""
        type_ = _full_type(str(event.get("type") or self._type or ""))
        completed = {"id": f"{self._seed}:{row}", "source": self._source, **event, "type": type_}
        record = command_record(completed, self._topics, "structured")
        key = self._key_of(completed)
        return PreparedCommand(
            row,
            completed["source"],
            completed["id"],
            type_,
            record.topic,
            key.encode() if key else None,
            record.value,
            record.headers,
        )

    def _key_of(self, event: dict[str, Any]) -> str | None:
        """Return the id of the organization if this or an earlier command of the subject names it, else the subject."""
        subject = event.get("subject")
        if not isinstance(subject, str):
            subject = created_subject(event["source"], event["id"]) if event["type"] in CREATES else None
        organization = _organization(event.get("data"))
        if subject and organization:
            self._organizations[subject] = organization
        explicit = event.get("partitionkey") or self._key
        if explicit:
            return str(explicit)
        if event["type"] in OPERATOR:
            return subject
        return organization or self._organizations.get(subject or "") or subject


def _full_type(type_: str) -> str:
    if not type_:
        raise ValueError("no type: use --type, or set a type in each row")
    name = short_type(type_)
    if name in TYPES:
        return wire_type(name)
    near = difflib.get_close_matches(name, TYPES, n=1)
    raise ValueError(f"{type_} is not a command type" + (f": did you mean {near[0]}?" if near else ""))


def prepare_commands(content: bytes, form: Literal["csv", "json"], preparer: CommandPreparer) -> list[PreparedCommand]:
    """Return the commands of a file. Raises InvalidCsv with all rows that cannot be sent, also for JSON lines."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidCsv([f"byte {error.start}: the input is not UTF-8"]) from None
    problems: list[str] = []
    commands: list[PreparedCommand] = []
    for row, event in csv_events(text) if form == "csv" else _json_events(text, problems):
        try:
            commands.append(preparer.complete(row, event))
        except ValueError as error:
            problems.append(f"row {row}: {error}")
    if problems:
        raise InvalidCsv(problems)
    return commands


def format_of(name: str, content: bytes) -> Literal["csv", "json"]:
    """Return whether a file is CSV or JSON lines, judged by the extension .csv, otherwise by the first character."""
    if name.lower().endswith(".csv"):
        return "csv"
    return "json" if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")) else "csv"


def id_prefix_of(content: bytes) -> str:
    """Return the prefix of generated command ids. It is equal for equal content, so that duplicates are recognized."""
    return hashlib.sha256(content).hexdigest()[:32]


def _json_events(text: str, problems: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    # not splitlines: strings in JSON may contain other line separators of Unicode
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
    organization = data.get("organization", data.get("distributor_id"))
    if isinstance(organization, dict):
        organization = organization.get("id")
    return organization if isinstance(organization, str) else None
