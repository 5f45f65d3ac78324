"""The definition of a fault, and the registry of all faults."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tests.chaos.run import Run

Inject = Callable[[Run], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault with its name and its numbers in the list of faults that the service must survive.

    `inject` starts together with the history and returns when the fault is over. `armed` is a plan of fail points for
    one of the processes. `processes` are the arguments of each `serve`, `brokers` the brokers on which the fault is
    possible, `nodes` the minimum number of broker nodes. With `alone` the fault is not combined with others. `before`
    prepares the run, and `begin` replaces the start of its processes. `small_disk` puts the database on a disk that can
    be filled; `broker_disk` requires that of the broker. `waits` requires that commands wait for their references.
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
    waits: bool = False

    @property
    def joins(self) -> bool:
        """Whether it can be combined with others, in any run of two processes with all roles."""
        return not (self.alone or self.armed or self.begin or self.small_disk) and self.processes == ((), ())


FAULTS: dict[str, Fault] = {}


def fault(name: str, *numbers: int, **how: object) -> Callable[[Inject], Inject]:
    """Register the decorated injection as a fault."""

    def register(inject: Inject) -> Inject:
        FAULTS[name] = Fault(name, numbers, inject, **how)  # type: ignore[arg-type]
        return inject

    return register
