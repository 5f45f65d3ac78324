"""What a fault is, and the table of all."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tests.chaos.run import Run

Inject = Callable[[Run], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault by name, with its numbers in the list of faults that the service must survive.

    `inject` begins with the history and returns when the fault is over. `armed` is a plan of fail points for one of the
    processes. `processes` are the arguments of each `serve`; `brokers` those on which the fault can be had; `nodes` how
    many the broker must have. With `alone` no other fault joins it. `before` prepares the run, and `begin` starts its
    processes in a way of its own. `small_disk` puts the database on a disk that can be filled; `broker_disk` needs the
    broker on one.
    """

    name: str
    numbers: Sequence[int]
    inject: Inject
    armed: str = ""
    processes: Sequence[Sequence[str]] = ((), ())
    seconds: float = 2.0
    brokers: Sequence[str] = ("tansu", "apache")
    nodes: int = 1
    alone: bool = False
    before: Inject | None = None
    begin: Inject | None = None
    small_disk: bool = False
    broker_disk: bool = False

    @property
    def joins(self) -> bool:
        """Whether it can happen together with others, in any run of two processes that do everything."""
        return not (self.alone or self.armed or self.begin or self.small_disk) and self.processes == ((), ())


FAULTS: dict[str, Fault] = {}


def fault(name: str, *numbers: int, **how: object) -> Callable[[Inject], Inject]:
    """Put the decorated injection into the table."""

    def register(inject: Inject) -> Inject:
        FAULTS[name] = Fault(name, numbers, inject, **how)  # type: ignore[arg-type]
        return inject

    return register
