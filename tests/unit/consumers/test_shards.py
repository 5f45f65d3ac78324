"""The distribution of shards over relays."""

from hypothesis import given
from hypothesis import strategies as st

from consumers.relay.shards import ALL, shards_to_acquire, shards_to_release
from service.store.outbox_store import RelayMembership

NONE: frozenset[int] = frozenset()


def test_a_single_relay_acquires_every_shard() -> None:
    assert shards_to_acquire(NONE, RelayMembership(1, NONE)) == ALL
    assert shards_to_release(ALL, RelayMembership(1, ALL)) == NONE


def test_half_of_the_shards_are_released_for_a_second_relay() -> None:
    assert len(shards_to_release(ALL, RelayMembership(2, ALL))) == 8


def test_shards_of_other_relays_are_not_acquired() -> None:
    assert shards_to_acquire(frozenset({0}), RelayMembership(1, frozenset(range(10)))) == frozenset(range(10, 16))


@given(st.integers(1, 40))
def test_every_shard_gets_a_relay_and_the_distribution_is_stable(relays: int) -> None:
    held = [NONE for _ in range(relays)]
    for _ in range(3):
        for number in range(relays):
            membership = RelayMembership(relays, frozenset().union(*held))
            held[number] |= shards_to_acquire(held[number], membership)
            held[number] -= shards_to_release(held[number], membership)
    assert sorted(shard for shards in held for shard in shards) == sorted(ALL)
    membership = RelayMembership(relays, ALL)
    assert not any(shards_to_acquire(shards, membership) or shards_to_release(shards, membership) for shards in held)


@given(st.integers(1, 8), st.integers(1, 8))
def test_the_distribution_follows_when_relays_join_or_leave(before: int, after: int) -> None:
    held = [frozenset(range(number, 16, before)) for number in range(before)][:after]
    held += [NONE] * (after - len(held))
    for _ in range(4):
        for number in range(after):
            membership = RelayMembership(after, frozenset().union(*held))
            held[number] -= shards_to_release(held[number], membership)
            held[number] |= shards_to_acquire(held[number], RelayMembership(after, frozenset().union(*held)))
    assert sorted(shard for shards in held for shard in shards) == sorted(ALL)
    assert max(map(len, held)) <= -(-16 // after)
