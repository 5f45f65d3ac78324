"""Which shards of the outbox a relay should publish, so that all of them are published and the work is spread."""

import random
from collections.abc import Callable, Sequence

from service.contract.message import SHARDS
from service.store.outbox_store import Census

ALL = frozenset(range(SHARDS))


def _shuffled(shards: Sequence[int]) -> Sequence[int]:
    return random.sample(shards, len(shards))


def surplus(held: frozenset[int], census: Census) -> frozenset[int]:
    """The shards to give up: those beyond an equal part of all."""
    return frozenset(sorted(held)[_part(census) :])


def wanted(
    held: frozenset[int], census: Census, order: Callable[[Sequence[int]], Sequence[int]] = _shuffled
) -> frozenset[int]:
    """Free shards to try for, up to an equal part of all; in an order of its own, so that relays seldom collide."""
    free = sorted(ALL - census.locked - held)
    return frozenset(order(free)[: max(0, _part(census) - len(held))])


def _part(census: Census) -> int:
    return -(-SHARDS // max(1, census.relays))
