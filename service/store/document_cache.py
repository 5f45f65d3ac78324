"""Documents of codes by their stamps, within limits of number and bytes; the oldest are removed first."""

from collections.abc import Iterator, Mapping
from typing import Final

KEPT: Final = 16_384
"""Limit of cached documents: about 15 MB of typical ones."""

KEPT_BYTES: Final = 16 * 1024 * 1024
"""Limit of the bytes of cached documents: a code may have thousands of roles."""


class DocumentCache(Mapping[str, bytes]):
    """A cache of documents that were read in the `generation` of a pool of database sessions."""

    def __init__(self, generation: int = 0) -> None:
        self.generation = generation
        self._documents: dict[str, bytes] = {}
        self._bytes = 0

    def __getitem__(self, stamp: str) -> bytes:
        return self._documents[stamp]

    def __iter__(self) -> Iterator[str]:
        return iter(self._documents)

    def __len__(self) -> int:
        return len(self._documents)

    def keep(self, documents: Mapping[str, bytes]) -> None:
        """Cache these documents, and remove the oldest ones beyond the limits."""
        cache = self._documents
        for stamp, document in documents.items():
            self._bytes += len(document) - len(cache.get(stamp, b""))
            cache[stamp] = document
        while len(cache) > KEPT or self._bytes > KEPT_BYTES:
            self._bytes -= len(cache.pop(next(iter(cache))))
