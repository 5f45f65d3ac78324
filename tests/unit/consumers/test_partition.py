"""The partitions of keys are those of aiokafka, which are those of the Java client."""

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from consumers.kafka.partitioner import murmur2, partitions_of


@given(st.lists(st.binary(max_size=80), max_size=40), st.integers(1, 64))
def test_keys_have_the_partitions_that_the_client_library_gives_them(keys: list[bytes], partitions: int) -> None:
    everything = list(range(partitions))
    expected = [DefaultPartitioner()(key, everything, everything) for key in keys]
    assert partitions_of(keys, [0] * len(keys), partitions) == expected


@given(st.lists(st.binary(min_size=36, max_size=36), min_size=2, max_size=60))
def test_keys_of_one_length_have_the_same_hash_together_and_alone(keys: list[bytes]) -> None:
    together = murmur2(keys)
    assert together == {key: murmur2([key])[key] for key in keys}


def test_the_hash_is_that_of_java_when_its_own_test_vectors_are_hashed() -> None:
    java = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536, b"abc": 479470107}
    assert murmur2(java) == {key: value & 0x7FFFFFFF for key, value in java.items()}


def test_a_message_without_a_key_follows_its_shard() -> None:
    assert partitions_of([None, b"21", None, None], [0, 1, 3, 5], 4) == [0, murmur2([b"21"])[b"21"] % 4, 3, 1]
