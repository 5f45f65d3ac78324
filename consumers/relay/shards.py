"""Which shards of the outbox a relay should publish, so that all of them are published and the work is spread."""

import random
from collections.abc import Callable, Sequence

from service.contract.message import SHARDS
from service.store.outbox_store import RelayMembership

ALL = frozenset(range(SHARDS))


def _shuffled(shards: Sequence[int]) -> Sequence[int]:
    return random.sample(shards, len(shards))


def surplus(held: frozenset[int], membership: RelayMembership) -> frozenset[int]:
    """The shards to give up: those beyond an equal part of all."""
    return frozenset(sorted(held)[_part(membership) :])


def wanted(
    held: frozenset[int], membership: RelayMembership, order: Callable[[Sequence[int]], Sequence[int]] = _shuffled
) -> frozenset[int]:
    """Free shards to try for, up to an equal part of all; in an order of its own, so that relays seldom collide."""
    free = sorted(ALL - membership.locked - held)
    return frozenset(order(free)[: max(0, _part(membership) - len(held))])


def _part(membership: RelayMembership) -> int:
    return -(-SHARDS // max(1, membership.relays))
