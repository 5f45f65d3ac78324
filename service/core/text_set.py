"""Sets of texts as the states hold them: sorted tuples without repeats, so that equal sets are equal values."""

from __future__ import annotations


def text_set(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Sort and drop repeats; texts sort bytewise, as the database does."""
    return texts if len(texts) < 2 else tuple(sorted(set(texts)))
