"""The distribution of the outbox shards among relays: each shard has one relay, and all relays have equal parts."""

import random
from collections.abc import Callable, Sequence

from service.contract.message import SHARDS
from service.store.outbox_store import RelayMembership

ALL = frozenset(range(SHARDS))


def _shuffled(shards: Sequence[int]) -> Sequence[int]:
    return random.sample(shards, len(shards))


def shards_to_release(held: frozenset[int], membership: RelayMembership) -> frozenset[int]:
    """Return the held shards that exceed an equal part of all shards."""
    return frozenset(sorted(held)[_part(membership) :])


def shards_to_acquire(
    held: frozenset[int], membership: RelayMembership, order: Callable[[Sequence[int]], Sequence[int]] = _shuffled
) -> frozenset[int]:
    """Return free shards to lock, up to an equal part of all shards; in random order, so that relays seldom collide."""
    free = sorted(ALL - membership.locked - held)
    return frozenset(order(free)[: max(0, _part(membership) - len(held))])


def _part(membership: RelayMembership) -> int:
    return -(-SHARDS // max(1, membership.relays))
