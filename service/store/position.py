"""Positions: the place of a message in the outbox, and what `ce_sequence` tells.

A position is epoch * 10^16 + block * 10^5 + number within the block, in at most 19 digits. A batch takes its block from
the sequence `outbox_block` after it holds its row locks, so positions of a subject rise in commit order. The sequence
counts the epoch, too (epoch * 10^11 + block): restarting it in a later epoch puts all that follows behind all that was.
"""

from typing import Final

BLOCK: Final = 100_000
"""Positions in a block: more than a batch can have messages."""

EPOCH: Final = 100_000_000_000
"""Blocks in an epoch: enough for thirty years of a hundred batches a second."""
