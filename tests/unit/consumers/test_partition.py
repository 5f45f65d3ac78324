"""Partitions of keys: the same as aiokafka's, which are the same as Java's."""

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from consumers.partition import murmur2, partition_of


@given(st.binary(max_size=80), st.integers(1, 64))
def test_a_key_has_the_partition_that_the_client_library_gives_it(key: bytes, partitions: int) -> None:
    everything = list(range(partitions))
    assert partition_of(key, 0, partitions) == DefaultPartitioner()(key, everything, everything)


def test_the_hash_is_that_of_java_when_its_own_test_vectors_are_hashed() -> None:
    java = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536, b"abc": 479470107}
    assert {key: murmur2(key) for key in java} == {key: value & 0x7FFFFFFF for key, value in java.items()}


def test_a_message_without_a_key_follows_its_shard() -> None:
    assert [partition_of(None, shard, 4) for shard in (0, 3, 5)] == [0, 3, 1]
