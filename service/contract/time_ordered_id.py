"""Ids that rise with time, so that they are next to each other in the index of the inbox."""

from uuid import UUID


def uuid7(milliseconds: int, chance: int) -> UUID:
    """Return a UUID of version 7 (RFC 9562) for a time and 74 random bits."""
    high = (milliseconds << 16) | 0x7000 | (chance >> 62 & 0xFFF)
    return UUID(int=(high << 64) | (0b10 << 62) | (chance & (1 << 62) - 1))
