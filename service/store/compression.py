"""Compression of values in the database with LZ4, if that makes them shorter."""

from typing import Final

import cramjam

LONGEST: Final = 64 * 1024 * 1024
"""Limit of decompressed bytes: a value that claims more is corrupt, and is not decompressed."""


def compressed(raw: bytes) -> bytes:
    """Return the bytes compressed, or as they are if that is not shorter."""
    packed = cramjam.lz4.compress_block(raw, store_size=False)
    return bytes(packed) if len(packed) < len(raw) else raw


def decompressed(packed: bytes, length: int) -> bytes:
    """Return the bytes of this length that were compressed. Raises cramjam.DecompressionError."""
    return bytes(cramjam.lz4.decompress_block(packed, output_len=length))
