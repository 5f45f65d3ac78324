"""The partition a key belongs to, the same as that of Kafka's own clients."""

import struct
from functools import lru_cache

_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


@lru_cache(maxsize=65_536)
def murmur2(key: bytes) -> int:
    """Hash of a key as Kafka's Java client has it (org.apache.kafka.common.utils.Utils.murmur2), made positive."""
    length = len(key)
    words = length >> 2
    h = 0x9747B28C ^ length
    for word in struct.unpack_from(f"<{words}I", key):
        k = word * _M & _MASK
        k = (k ^ (k >> 24)) * _M & _MASK
        h = (h * _M & _MASK) ^ k
    rest = key[words << 2 :]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * _M & _MASK
    h = (h ^ (h >> 13)) * _M & _MASK
    return (h ^ (h >> 15)) & 0x7FFFFFFF


def partition_of(key: bytes | None, shard: int, partitions: int) -> int:
    """The partition of a message among so many; one without a key follows its outbox shard, so its order holds too."""
    return (shard if key is None else murmur2(key)) % partitions
