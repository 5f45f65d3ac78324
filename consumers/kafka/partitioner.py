"""Assign keys to partitions as Kafka's own clients do.

Hashing one UUID in Python takes 6 µs, for each event. Therefore keys of the same length are hashed together: a big
integer holds a lane of 64 bits for each key, and one multiplication of it multiplies all lanes (the product of two
32-bit numbers does not overflow into the next lane). That takes 1 µs a key.
"""

import sys
from array import array
from collections.abc import Iterable, Sequence

_M = 0x5BD1E995
_SEED = 0x9747B28C


def murmur2(keys: Iterable[bytes]) -> dict[bytes, int]:
    """Return the hash of each key as Kafka's Java client computes it (Utils.murmur2), made positive."""
    by_length: dict[int, list[bytes]] = {}
    for key in dict.fromkeys(keys):
        by_length.setdefault(len(key), []).append(key)
    return {key: h for alike in by_length.values() for key, h in zip(alike, _murmur2_alike(alike), strict=True)}


def _murmur2_alike(keys: Sequence[bytes]) -> "array[int]":
    """Return the hashes of keys that all have the same length, in order."""
    length, count = len(keys[0]), len(keys)
    whole, columns = length >> 2, -(-length // 4)
    words = array("I", b"".join(keys if columns == whole else [key.ljust(4 * columns, b"\0") for key in keys]))
    ones = int.from_bytes(b"\1\0\0\0\0\0\0\0" * count, "little")
    low = ones * 0xFFFFFFFF
    h = ones * (_SEED ^ length)
    if sys.byteorder == "big":
        words.byteswap()
    for column in range(columns):
        k = _lanes(words[column::columns])
        if column < whole:
            k = k * _M & low
            k = (k ^ (k >> 24 & low)) * _M & low
            h = (h * _M & low) ^ k
        else:
            h = (h ^ k) * _M & low
    h = (h ^ (h >> 13 & low)) & low
    h = h * _M & low
    h = (h ^ (h >> 15 & low)) & ones * 0x7FFFFFFF
    hashes = array("Q", h.to_bytes(8 * count, "little"))
    if sys.byteorder == "big":
        hashes.byteswap()
    return hashes


def _lanes(words: "array[int]") -> int:
    lanes = array("Q", words)
    if sys.byteorder == "big":
        lanes.byteswap()
    return int.from_bytes(lanes.tobytes(), "little")


def partitions_of(keys: Sequence[bytes | None], shards: Sequence[int], partitions: int) -> list[int]:
    """Return the partition of each message. One without a key follows its outbox shard, which keeps these in order."""
    hashes = murmur2(key for key in keys if key is not None)
    return [(shard if key is None else hashes[key]) % partitions for key, shard in zip(keys, shards, strict=True)]
