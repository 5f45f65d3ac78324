"""Wait until a registry is idle, and collect the evidence for the checker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from service.contract.record import Limits
from service.contract.topics import Topics
from tests.support import topic_log
from tests.support.checker.evidence import Answer, Database, Evidence, Sent, TopicPartition, Write
from tests.support.snapshot import read_marks, take_snapshot
from tests.support.wait import eventually

QUIET_SECONDS = 90.0


@dataclass(slots=True)
class Scene:
    """The sources of evidence: the broker, the database, the topics and the consumer group of a registry."""

    bootstrap: str
    url: str
    topics: Topics
    group: str
    limits: Limits = field(default_factory=Limits)
    reference_wait_seconds: float = 0.0

    @property
    def inputs(self) -> tuple[str, str]:
        """The command topics."""
        return self.topics.commands, self.topics.operator_commands

    async def quiet(self, deadline: float = QUIET_SECONDS) -> None:
        """Wait until all commands are decided, published and settled. Raises AssertionError with the remaining work."""

        async def done() -> bool:
            ends = await topic_log.log_ends(self.bootstrap, self.inputs)
            marks, outbox, waiting = await read_marks(self.url)
            assert not (late := _behind(marks, ends)), f"marks {late} of {ends}"
            assert not waiting, f"{waiting} waiting commands"
            assert not outbox, f"{outbox} rows in the outbox"
            committed = await topic_log.committed(self.bootstrap, self.group, self.inputs)
            assert not (late := _behind(committed, ends)), f"committed {late} of {ends}"
            return True

        await eventually(done, deadline=deadline, what="an idle registry")

    async def evidence(
        self,
        ledger: list[Sent],
        answers: list[Answer] | None = None,
        restored: Database | None = None,
        writes: Sequence[Write] = (),
    ) -> Evidence:
        """Return all evidence; `restored` is that of a database which lost transactions."""
        seen = await topic_log.read_topics(self.bootstrap, self.topics.all())
        return Evidence(
            topics=self.topics,
            sent=ledger,
            commands=topic_log.of(seen, *self.inputs),
            outcomes=topic_log.of(seen, self.topics.outcomes),
            events=topic_log.of(seen, *self.topics.events.values()),
            states=topic_log.of(seen, *self.topics.states.values()),
            dead_letters=topic_log.of(seen, self.topics.dead_letters),
            database=await take_snapshot(self.url),
            committed=await topic_log.committed(self.bootstrap, self.group, self.inputs),
            answers=answers or (),
            writes=writes,
            restored=restored,
            limits=self.limits,
            reference_wait_seconds=self.reference_wait_seconds,
        )


def _behind(
    actual: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int | None]:
    return {place: actual.get(place) for place, end in ends.items() if actual.get(place) != end}
