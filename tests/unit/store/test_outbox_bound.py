"""The bound of the outbox: no new frame appears below it, whatever writers do between the observations."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from service.store.outbox_bound import Bound


@dataclass
class Writers:
    """Transactions that take the lock of batches, then a block, and then commit or roll back."""

    counter: int = 0
    open: dict[str, int | None] = field(default_factory=dict)
    resolved: set[int] = field(default_factory=set)
    begun: int = 0

    def step(self, what: str, which: int) -> None:
        """Execute one step of a writer."""
        names = sorted(self.open)
        if what == "begin":
            self.begun += 1
            self.open[f"3/{self.begun:06d}"] = None
        elif names:
            name = names[which % len(names)]
            if what == "end":
                block = self.open.pop(name)
                if block is not None:
                    self.resolved.add(block)
            elif self.open[name] is None:
                self.counter += 1
                self.open[name] = self.counter

    def unresolved(self) -> list[int]:
        """Return the blocks whose frames may still appear: those of open transactions, and the next one."""
        return [*(block for block in self.open.values() if block is not None), self.counter + 1]


Steps = list[tuple[str, int]]
Round = tuple[Steps, Steps]
STEPS = st.lists(st.tuples(st.sampled_from(["begin", "block", "end"]), st.integers(0, 9)), max_size=6)


@settings(deadline=None)
@given(st.lists(st.tuples(STEPS, STEPS), max_size=12))
def test_every_block_below_the_bound_is_resolved(rounds: "list[Round]") -> None:
    writers, bound, before = Writers(), Bound(), 0
    for first, between in rounds:
        for step in first:
            writers.step(*step)
        counter = writers.counter
        # Counter and holders are read by two statements: writers continue in between.
        for step in between:
            writers.step(*step)
        bound.observe(counter, sorted(writers.open))
        assert bound.block >= before
        assert bound.block <= min(writers.unresolved())
        before = bound.block


@settings(deadline=None)
@given(STEPS)
def test_the_bound_reaches_the_counter_when_every_writer_has_ended(steps: Steps) -> None:
    writers, bound = Writers(), Bound()
    for step in steps:
        writers.step(*step)
    bound.observe(writers.counter, sorted(writers.open))
    for name in list(writers.open):
        del writers.open[name]
    for _ in range(2):
        bound.observe(writers.counter, [])
    assert bound.block == writers.counter + 1


def test_the_bound_stays_when_a_writer_does_not_end() -> None:
    bound = Bound()
    bound.observe(5, [])
    bound.observe(6, ["3/1"])
    for number in range(3):
        bound.observe(7 + number, ["3/1", f"4/{number}"])
    assert bound.block == 6
    bound.observe(20, ["4/9"])
    assert bound.block == 7, "writers that came later do not count"
