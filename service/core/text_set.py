"""Sets of texts, stored as sorted tuples without duplicates, so that equal sets are equal values."""

from __future__ import annotations


def text_set(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Sort texts bytewise, as the database does, and remove duplicates."""
    return texts if len(texts) < 2 else tuple(sorted(set(texts)))
