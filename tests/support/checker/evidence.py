"""What a fault test has in its hands at the end: the ledger of its senders, all topics, the database, the answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from service.contract.record import Limits, Reason
from service.contract.topics import Topics
from service.core.world import World

MARKER = "ledger"
"""Header of every record that a driver sends; its value is found once in the ledger."""

TopicPartition = tuple[str, int]
"""Topic and partition."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A record as it lies in a topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()

    def header(self, name: str) -> str | None:
        """The text of the first header of this name."""
        return next((value.decode() for header, value in self.headers if header == name and value is not None), None)

    def need(self, name: str) -> str:
        """The text of a header that must be there."""
        text = self.header(name)
        assert text is not None, f"{self.place} has no header {name}"
        return text

    @property
    def place(self) -> str:
        """Topic, partition and offset."""
        return f"{self.topic}:{self.partition}:{self.offset}"

    @property
    def sequence(self) -> int:
        """Position in the outbox, of events and outcomes."""
        return int(self.need("ce_sequence"))


@dataclass(slots=True)
class Sent:
    """A line of the ledger; `dead` is the reason when the record must become a dead letter.

    `place` is topic, partition and offset as the broker acknowledged them, None when it never did.
    """

    marker: str
    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    dead: Reason | None = None
    place: str | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Database:
    """What SQL says: the world, the inbox's keys (source, id, topic) with status, and what must be empty or equal.

    `strays` are rows whose repeated columns do not follow the row they repeat, in words.
    """

    world: World
    inbox: Mapping[tuple[str, str, str], str]
    outbox_rows: int = 0
    marks: Mapping[TopicPartition, int] = field(default_factory=dict)
    strays: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer over HTTP that a reader got, in the reader's order; `version` is the subject's, None without one."""

    reader: str
    subject: str
    status: int
    version: int | None


@dataclass(slots=True)
class Evidence:
    """Everything the checker looks at; `commands` are the records of both command topics."""

    topics: Topics
    sent: list[Sent]
    commands: list[Seen]
    outcomes: list[Seen]
    events: list[Seen]
    dead_letters: list[Seen]
    database: Database | None = None
    committed: Mapping[TopicPartition, int] | None = None
    answers: Sequence[Answer] = ()
    limits: Limits = field(default_factory=Limits)

    def words(self) -> str:
        """Every record in a line: where it lies, its key, what it says it is; for whoever looks for a cause."""
        names = ("ce_type", "ce_id", "ce_causationid", "ce_entityversion", "ce_sequence", MARKER)
        lines = []
        for seen in (*self.commands, *self.outcomes, *self.events, *self.dead_letters):
            reported = {name: (value or b"").decode(errors="replace") for name, value in seen.headers if name in names}
            lines.append(f"{seen.place} {seen.key!r} {reported}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise: its kind in a word or two, and what exactly."""

    kind: str
    words: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.words}"
