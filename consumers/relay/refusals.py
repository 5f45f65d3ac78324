"""The topics and partitions that the broker refuses now, as observed by one publisher."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from aiokafka.errors import UnknownError

from consumers.relay.refusal import TOO_LARGE, Refusal, refusal_of
from consumers.relay.report import Report
from service.contract.message import Message

REFUSAL_SECONDS = 5.0
HELD_REFUSAL_SECONDS = 1.0
"""An error code that lasts this long is a refusal: for new messages, and for messages that are held already."""

Target = tuple[str, int | None]
"""A topic and one of its partitions, or None for the whole topic."""


class Refusals:
    """The refused topics and partitions, to which nothing is sent. `held` is for messages that were refused before."""

    def __init__(self, *, held: bool, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._held = held
        # For held messages an error in the metadata counts at once; an error of a produce request must last a second.
        self._patience = 0.0 if held else REFUSAL_SECONDS
        self._monotonic = monotonic
        self._refused: dict[Target, Refusal] = {}
        self._since: dict[Target, float] = {}
        self._batch_bytes: dict[str, int] = {}

    @property
    def seconds(self) -> float:
        """How long the client library may retry a batch that the broker refuses."""
        return HELD_REFUSAL_SECONDS if self._held else REFUSAL_SECONDS

    def __contains__(self, target: Target) -> bool:
        """Return whether this topic or partition is refused."""
        return target in self._refused

    def clear(self) -> None:
        """Forget all refusals, and send full batches again."""
        self._refused.clear()
        self._since.clear()
        self._batch_bytes.clear()

    def lift(self, partitions: Iterable[tuple[str, int]]) -> None:
        """Forget the refusals of these partitions and their topics: another publisher was able to send to them."""
        for topic, partition in partitions:
            for target in ((topic, partition), (topic, None)):
                self._refused.pop(target, None)
                self._since.pop(target, None)

    def accepted(self, target: Target) -> None:
        """Record that the broker accepted messages: a later error begins a new refusal."""
        self._since.pop(target, None)

    def observe(self, target: Target, refusal: Refusal | None) -> None:
        """Record an error of the broker. It becomes a refusal when it lasts long enough."""
        since = self._since.setdefault(target, self._monotonic())
        if refusal is not None and self._monotonic() - since >= self._patience:
            self._refused[target] = replace(refusal, since=since)

    def leave_out(self, target: Target, messages: Iterable[Message], report: Report) -> None:
        """Report messages that are not sent because of their topic or partition; refused if that lasted long enough."""
        if (refusal := self._refused.get(target)) is not None:
            report.refused.update((message.position, refusal) for message in messages)

    def batch_bytes(self, topic: str) -> int | None:
        """Return the bytes a batch may have, when the topic's limit is lower than the producer's."""
        return self._batch_bytes.get(topic)

    def classify(
        self,
        tp: tuple[str, int],
        batch: Sequence[Message],
        behind: Sequence[Message],
        error: BaseException,
        report: Report,
    ) -> Refusal | None:
        """Report the result of a failed batch for its messages and those behind it. Return None if it is no refusal."""
        refusal = refusal_of(error)
        if refusal is None:
            report.error = error
            return None
        if isinstance(error, UnknownError):
            # The client library does not retry unknown errors.
            self.observe(tp, refusal)
            if tp not in self._refused:
                return None
        if refusal.kind != "record":
            refusal = replace(refusal, since=self._monotonic() - self.seconds)
            self._refused[(tp[0], None) if refusal.kind == "topic" else tp] = refusal
            report.refused.update((message.position, refusal) for message in (*batch, *behind))
        elif isinstance(error, TOO_LARGE) and len(batch) > 1:
            # The limit of the topic is lower than the batch, but each message may fit.
            self._batch_bytes[tp[0]] = sum(message.size() for message in batch) // 4
            report.again = True
        elif not self._held or len(batch) == 1:
            report.refused.update((message.position, refusal) for message in batch)
            report.again = True
        return refusal
