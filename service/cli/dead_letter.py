"""Dead letters and their states, read from the dead-letter topic.

A replay or a discard is recorded on the same topic by a mark: a record without a value and with two headers, the new
state and the address of the dead letter.
"""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from consumers.kafka.session import Sender, following
from service.contract.dead_letter import Origin, origin
from service.contract.dead_letter_mark import MARK, MARK_OF, REPLAY_OF, Mark, mark_headers
from service.contract.record import Record
from service.contract.topics import Topics
from service.settings import Settings

State: TypeAlias = Literal["open"] | Mark


@dataclass(slots=True)
class DeadLetter:
    """A dead letter: its address (topic:partition:offset), key and value of the record, its origin and its state."""

    address: str
    key: bytes | None
    value: bytes | None
    origin: Origin
    state: State = "open"

    def as_json(self) -> dict[str, Any]:
        """Return the metadata as one JSON object, without key, headers and value."""
        source = self.origin
        return {
            "address": self.address,
            "state": self.state,
            "reason": source.reason,
            "message": source.message,
            "from": f"{source.topic}:{source.partition}:{source.offset}",
            "failed_at": source.failed_at,
            "service_version": source.service_version,
            "bytes": len(self.value or b""),
        }


async def dead_letters(settings: Settings) -> list[DeadLetter]:
    """Return all dead letters on the topic by the time of their failure, then by address. Raises BrokerUnavailable."""
    # By partition and offset.
    letters: dict[tuple[int, int], DeadLetter] = {}
    marks: dict[str, State] = {}
    async with following(settings, [Topics(settings.topic_prefix).dead_letters], from_beginning=True) as follower:
        while not await follower.at_end():
            for record in await follower.poll(0.2):
                _collect(record, letters, marks)
    for letter in letters.values():
        letter.state = marks.get(letter.address, letter.state)
    return [letter for _, letter in sorted(letters.items(), key=lambda item: (item[1].origin.failed_at, item[0]))]


def _collect(record: Record, letters: dict[tuple[int, int], DeadLetter], marks: dict[str, State]) -> None:
    address = f"{record.topic}:{record.partition}:{record.offset}"
    source = origin(list(record.headers))
    if source is not None:
        letters[record.partition, record.offset] = DeadLetter(address, record.key, record.value, source)
        return
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    match headers.get(MARK):
        case "replayed" | "discarded" as state:
            marks[headers.get(MARK_OF, "")] = state
        case _:
            # a record of another application, neither a dead letter nor a mark
            return


async def replay(settings: Settings, publisher: Sender, letter: DeadLetter) -> None:
    """Publish the unchanged record to its original partition with the header `dlq_replay_of`, and write the mark."""
    source = letter.origin
    original = [(name, value) for name, value in source.headers if name != REPLAY_OF]
    headers = [*original, (REPLAY_OF, letter.address.encode())]
    await publisher.send_again(source.topic, source.partition, letter.key, letter.value, headers)
    await mark(settings, publisher, letter, "replayed")


async def mark(settings: Settings, publisher: Sender, letter: DeadLetter, state: Mark) -> None:
    """Publish a mark for a dead letter."""
    topic = Topics(settings.topic_prefix).dead_letters
    await (await publisher.send(topic, None, letter.address.encode(), mark_headers(letter.address, state)))
    letter.state = state
