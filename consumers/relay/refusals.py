"""Which topics, partitions and records the broker refuses now, as a publisher has seen it."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from aiokafka.errors import UnknownError

from consumers.relay.refusal import TOO_LARGE, Refusal, refusal
from consumers.relay.report import Report
from service.contract.message import Message

REFUSAL_SECONDS = 5.0
HELD_REFUSAL_SECONDS = 1.0
"""An error code that lasts so long is a refusal: for new messages, and for those that are held already."""

Target = tuple[str, int | None]
"""A topic and a partition of it, or none for the whole topic."""


class Refusals:
    """Remembers what is refused, so that it is not sent again; `held` for messages that were refused before."""

    def __init__(self, *, held: bool, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._held = held
        # What the cluster says of held messages counts at once; a broker gets a moment to take them.
        self._patience = 0.0 if held else REFUSAL_SECONDS
        self._monotonic = monotonic
        self._refused: dict[Target, Refusal] = {}
        self._since: dict[Target, float] = {}
        self._batch_bytes: dict[str, int] = {}

    @property
    def seconds(self) -> float:
        """How long the client library may try again what the broker refuses."""
        return HELD_REFUSAL_SECONDS if self._held else REFUSAL_SECONDS

    def __contains__(self, target: Target) -> bool:
        """Whether this topic or partition is refused."""
        return target in self._refused

    def clear(self) -> None:
        """Leave nothing out any more, and begin with whole batches."""
        self._refused.clear()
        self._since.clear()
        self._batch_bytes.clear()

    def accept(self, partitions: Iterable[tuple[str, int]]) -> None:
        """Try these partitions and their topics again: somebody else could send to them."""
        for topic, partition in partitions:
            for target in ((topic, partition), (topic, None)):
                self._refused.pop(target, None)
                self._since.pop(target, None)

    def accepted(self, target: Target) -> None:
        """The broker said yes: what it says from now on is a new refusal."""
        self._since.pop(target, None)

    def watch(self, target: Target, found: Refusal | None) -> None:
        """The broker says no; once it has said so for a while, that is a refusal."""
        since = self._since.setdefault(target, self._monotonic())
        if found is not None and self._monotonic() - since >= self._patience:
            self._refused[target] = replace(found, since=since)

    def leave_out(self, target: Target, messages: Iterable[Message], report: Report) -> None:
        """Report messages for a topic or partition that is not sent to: refused when that has lasted long enough."""
        if (found := self._refused.get(target)) is not None:
            report.refused.update((message.position, found) for message in messages)

    def batch_bytes(self, topic: str) -> int | None:
        """How much a batch may have, when the topic takes less than the producer's limit."""
        return self._batch_bytes.get(topic)

    def judge(
        self,
        tp: tuple[str, int],
        batch: Sequence[Message],
        behind: Sequence[Message],
        error: BaseException,
        report: Report,
    ) -> Refusal | None:
        """Report what a failed batch means for its messages and those behind it; answers None when it is no refusal."""
        found = refusal(error)
        if found is None:
            report.error = error
            return None
        if isinstance(error, UnknownError):
            # The client library does not try again what it does not know.
            self.watch(tp, found)
            if tp not in self._refused:
                return None
        if found.kind != "record":
            found = replace(found, since=self._monotonic() - self.seconds)
            self._refused[(tp[0], None) if found.kind == "topic" else tp] = found
            report.refused.update((message.position, found) for message in (*batch, *behind))
        elif isinstance(error, TOO_LARGE) and len(batch) > 1:
            # The topic takes less than a whole batch; perhaps each message.
            self._batch_bytes[tp[0]] = sum(message.size() for message in batch) // 4
            report.again = True
        elif not self._held or len(batch) == 1:
            report.refused.update((message.position, found) for message in batch)
            report.again = True
        return found
