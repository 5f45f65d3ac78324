"""The evidence that a fault test collects at the end: ledger of the senders, topics, database, HTTP answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from service.contract.record import Limits, Reason
from service.contract.topics import Topics
from service.core.world import World

MARKER = "ledger"
"""Header of every record that a driver sends; its value is unique in the ledger."""

TopicPartition = tuple[str, int]
"""Topic and partition."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A record read from a topic. The timestamp is that of its producer in milliseconds."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp: int = 0

    def header(self, name: str) -> str | None:
        """Return the text of the first header with this name."""
        return next((value.decode() for header, value in self.headers if header == name and value is not None), None)

    def need(self, name: str) -> str:
        """Return the text of a header that must exist."""
        text = self.header(name)
        assert text is not None, f"{self.place} has no header {name}"
        return text

    @property
    def place(self) -> str:
        """Topic, partition and offset."""
        return f"{self.topic}:{self.partition}:{self.offset}"

    @property
    def sequence(self) -> int:
        """Position in the outbox (events and outcomes only)."""
        return int(self.need("ce_sequence"))


@dataclass(slots=True)
class Sent:
    """An entry of the ledger; `dead` is the expected reason of a record that has to be dead-lettered.

    `place` is the topic, partition and offset that the broker acknowledged, None without an acknowledgement.
    """

    marker: str
    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    dead: Reason | None = None
    place: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Database:
    """The content of the database: state, inbox keys (source, id, topic) with status, outbox rows and marks.

    `strays` describes rows whose denormalized columns differ from the row they are copied from.
    """

    world: World
    inbox: Mapping[tuple[str, str, str], str]
    outbox_rows: int = 0
    marks: Mapping[TopicPartition, int] = field(default_factory=dict)
    strays: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer to a reader; `version` is the subject's version, None if the answer has none."""

    reader: str
    subject: str
    status: int
    version: int | None


@dataclass(frozen=True, slots=True)
class Response:
    """A response to a write over HTTP; the status is 0 without a response.

    `text` is the detail of a problem, `place` the topic, partition and offset in the `Location` of a 202.
    """

    status: int
    text: str = ""
    place: str | None = None
    version: int | None = None
    replayed: bool = False


@dataclass(slots=True)
class Write:
    """A write over HTTP: the source and the id of its command, and the responses to all its attempts in order.

    `state` is the status at `/commands` at the end, None if nobody asked. With `vanishes`, the object may be removed by
    another command, and a response is 404 then.
    """

    source: str
    key: str
    responses: list[Response] = field(default_factory=list)
    state: str | None = None
    vanishes: bool = False


@dataclass(slots=True)
class Evidence:
    """The input of the checker; `commands` are the records of both command topics.

    `restored` is the content with which the database continued after it had lost transactions; None if it lost none.
    `reference_wait_seconds` is how long a command could wait for its references.
    """

    topics: Topics
    sent: list[Sent]
    commands: list[Seen]
    outcomes: list[Seen]
    events: list[Seen]
    states: list[Seen]
    dead_letters: list[Seen]
    database: Database | None = None
    committed: Mapping[TopicPartition, int] | None = None
    answers: Sequence[Answer] = ()
    writes: Sequence[Write] = ()
    restored: Database | None = None
    limits: Limits = field(default_factory=Limits)
    reference_wait_seconds: float = 0.0

    def description(self) -> str:
        """Return a line for each record with its position, key and main headers, for the analysis of a failure."""
        names = ("ce_type", "ce_id", "ce_causationid", "ce_entityversion", "ce_sequence", MARKER)
        lines = []
        for seen in (*self.commands, *self.outcomes, *self.events, *self.states, *self.dead_letters):
            headers = {name: (value or b"").decode(errors="replace") for name, value in seen.headers if name in names}
            lines.append(f"{seen.place} {seen.key!r} {headers}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Violation:
    """A violation of a guarantee: its kind, and a description."""

    kind: str
    description: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.description}"
