"""Dead letters with what became of them: read from their topic, where a replay or a discard leaves a mark too.

A mark is a record of the dead-letter topic without a value, with two headers: what happened, and the letter's address.
Whoever reads the topic knows it by them.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

from consumers.kafka.session import Sender, following
from service.contract.dead_letter import Origin, origin
from service.contract.record import Record
from service.contract.topics import Topics
from service.settings import Settings

MARK: Final = "dlq_mark"
MARK_OF: Final = "dlq_mark_of"
REPLAY_OF: Final = "dlq_replay_of"
"""Header of a replayed record: the address of the dead letter it was."""

State = Literal["open", "replayed", "discarded"]


@dataclass(slots=True)
class DeadLetter:
    """A dead letter: its address (topic, partition, offset), the record as it came, where from and why, its state."""

    address: str
    key: bytes | None
    value: bytes | None
    origin: Origin
    state: State = "open"

    def as_json(self) -> dict[str, Any]:
        """What is known about it, without its content."""
        came = self.origin
        return {
            "address": self.address,
            "state": self.state,
            "reason": came.reason,
            "message": came.message,
            "from": f"{came.topic}:{came.partition}:{came.offset}",
            "failed_at": came.failed_at,
            "service_version": came.service_version,
            "bytes": len(self.value or b""),
        }


async def dead_letters(settings: Settings) -> list[DeadLetter]:
    """All dead letters that the topic still keeps, the oldest of each partition first. Raises BrokerUnavailable."""
    letters: dict[str, DeadLetter] = {}
    marks: dict[str, State] = {}
    async with following(settings, [Topics(settings.topic_prefix).dead_letters], from_beginning=True) as follower:
        while not await follower.at_end():
            for record in await follower.poll(0.2):
                _sort_in(record, letters, marks)
    for address, state in marks.items():
        if address in letters:
            letters[address].state = state
    return list(letters.values())


def _sort_in(record: Record, letters: dict[str, DeadLetter], marks: dict[str, State]) -> None:
    address = f"{record.topic}:{record.partition}:{record.offset}"
    found = origin(list(record.headers))
    if found is not None:
        letters[address] = DeadLetter(address, record.key, record.value, found)
        return
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    match headers.get(MARK):
        case "replayed" | "discarded" as state:
            marks[headers.get(MARK_OF, "")] = state
        case _:
            # somebody else's record: it is nobody's dead letter
            return


async def replay(settings: Settings, publisher: Sender, letter: DeadLetter) -> None:
    """Publish the record again where it came from, bytes unchanged and marked as a replay; then leave the mark."""
    came = letter.origin
    own = [(name, value) for name, value in came.headers if name != REPLAY_OF]
    headers = [*own, (REPLAY_OF, letter.address.encode())]
    await publisher.send_again(came.topic, came.partition, letter.key, letter.value, headers)
    await mark(settings, publisher, letter, "replayed")


async def mark(settings: Settings, publisher: Sender, letter: DeadLetter, state: State) -> None:
    """Leave a mark beside a dead letter."""
    headers = [(MARK, state.encode()), (MARK_OF, letter.address.encode())]
    topic = Topics(settings.topic_prefix).dead_letters
    await (await publisher.send(topic, None, letter.address.encode(), headers))
    letter.state = state
