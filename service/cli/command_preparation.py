"""Prepare commands for sending: add missing attributes, and report the rows that cannot be sent."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from service.cli.csv_input import columns_of, csv_events
from service.cli.input_text import InvalidInput, decode, rows_text
from service.cli.message import short_type
from service.cli.row_id import RowId, RowIds
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
    """A command to publish: its row in the input, its source and id, and its record in structured mode.

    `row_id` is the origin of a derived id; it is None if the input has the id.
    """

    row: int
    source: str
    id: str
    type: str
    topic: str
    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]]
    event: dict[str, Any]
    row_id: RowId | None

    @property
    def creates_derived_subject(self) -> bool:
        """Whether the command creates an object whose id is derived from the content of the row."""
        return self.row_id is not None and self.type in CREATES and "subject" not in self.event


class CommandPreparer:
    """Complete the commands of one sender. Commands of one organization get the same key, which keeps their order.

    `type_`, `source` and `key` are defaults for commands without these attributes. `series` distinguishes the derived
    ids of an intended repetition from those of the first time.
    """

    def __init__(
        self,
        topics: Topics,
        *,
        type_: str | None = None,
        source: str = SOURCE,
        key: str | None = None,
        series: str = "",
    ) -> None:
        self._topics = topics
        self._type = type_
        self._source = source
        self._key = key
        self._row_ids = RowIds(series)
        self._organizations: dict[str, str] = {}

    def csv_events(self, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Return the rows of a CSV file as events of the default type. Raises InvalidInput, also without that type."""
        if self._type is None:
            raise InvalidInput(["CSV has no column for the type of the commands: use --type"])
        try:
            name = short_type(_full_type(self._type))
        except ValueError as error:
            raise InvalidInput([str(error)]) from None
        # The models take a moment to load.
        from service.contract import schemas

        return csv_events(text, columns_of(orjson.loads(schemas.committed(name))))

    def complete(self, row: int, event: dict[str, Any]) -> PreparedCommand:
        """Add the missing attributes of a command. Raises ValueError if the event is not a command."""
        type_ = _full_type(str(event.get("type") or self._type or ""))
        # In JSON, null is an attribute without a value; in the data, it has a meaning.
        given = {name: value for name, value in event.items() if value is not None or name == "data"}
        event = {"source": self._source, **given, "type": type_}
        return self._prepared(row, event, None if "id" in event else self._row_ids.first(event))

    def next_attempt(self, command: PreparedCommand) -> PreparedCommand:
        """Return the command with the derived id of the next attempt. The id must be a derived one."""
        assert command.row_id is not None  # noqa: S101  # the caller's duty
        return self._prepared(command.row, command.event, command.row_id.next_attempt())

    def _prepared(self, row: int, event: dict[str, Any], row_id: RowId | None) -> PreparedCommand:
        completed = event if row_id is None else {"id": row_id.text(), **event}
        record = command_record(completed, self._topics, "structured")
        key = self._key_of(completed)
        return PreparedCommand(
            row,
            completed["source"],
            completed["id"],
            completed["type"],
            record.topic,
            key.encode() if key else None,
            record.value,
            record.headers,
            event,
            row_id,
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
    """Return the commands of a file. Raises InvalidInput with all rows that cannot be sent."""
    text = decode(content)
    problems: list[str] = []
    commands: list[PreparedCommand] = []
    given: dict[tuple[str, str, str], PreparedCommand] = {}
    for row, event in preparer.csv_events(text) if form == "csv" else _json_events(text, problems):
        try:
            command = preparer.complete(row, event)
            commands.append(command)
            if command.row_id is None:
                first = given.setdefault((command.topic, command.source, command.id), command)
                if command.event != first.event:
                    problems.append(
                        f"row {row}: row {first.row} has the same id {command.id}, but another content:"
                        " give each row an id of its own, or none"
                    )
        except ValueError as error:
            problems.append(f"row {row}: {error}")
    if problems:
        raise InvalidInput(problems)
    return commands


def derived_subjects(commands: Sequence[PreparedCommand]) -> str | None:
    """Return a warning about rows that create objects with derived ids, or None if there are none."""
    rows = [command.row for command in commands if command.creates_derived_subject]
    if not rows:
        return None
    return (
        f"{rows_text(rows)}: the id of the object is derived from the row, because it has no subject: if you correct"
        " such a row after it was accepted and send it again, it creates a second object"
    )


def format_of(name: str, content: bytes) -> Literal["csv", "json"]:
    """Return whether a file is CSV or JSON lines, judged by the extension, otherwise by the first character."""
    extension = name.lower().rpartition(".")[2]
    if extension == "csv":
        return "csv"
    if extension in {"json", "jsonl", "ndjson"}:
        return "json"
    return "json" if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")) else "csv"


def _json_events(text: str, problems: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    first = True
    # not splitlines: strings in JSON may contain other line separators of Unicode
    for row, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        if first and (problem := _not_in_lines(line.strip())):
            problems.append(f"row {row}: {problem}")
            return
        first = False
        try:
            event = read_line(line)
        except Unsendable as error:
            problems.append(f"row {row}: {error}")
        else:
            yield row, event


def _not_in_lines(first: str) -> str | None:
    """Return a problem if the first line is the begin of JSON in another form: one message is enough for all lines."""
    advice = "each line must be one JSON object: `jq --compact-output"
    if first.startswith("["):
        return f"this is the begin of a JSON array, but {advice} '.[]' FILE` converts it"
    if first == "{":
        return f"the object has several lines, but {advice} . FILE` converts it"
    return None


def _organization(data: object) -> str | None:
    if not isinstance(data, dict):
        return None
    organization = data.get("organization", data.get("distributor_id"))
    if isinstance(organization, dict):
        organization = organization.get("id")
    return organization if isinstance(organization, str) else None
