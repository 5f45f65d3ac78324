"""Positions: the place of a message in the outbox, and the value of `ce_sequence`.

A position is epoch * 10^16 + block * 10^5 + number within the block, in at most 19 digits. A batch takes its block from
the sequence `outbox_block` after it holds its row locks, so positions of a subject rise in commit order. The sequence
includes the epoch (epoch * 10^11 + block): after a restart of the sequence in a later epoch, all new positions are
behind all earlier ones (`service/store/epoch.py`). There are positions for 921 epochs.
"""

from typing import Final

BLOCK: Final = 100_000
"""Positions in a block: more than the messages of any batch."""

EPOCH: Final = 100_000_000_000
"""Blocks in an epoch: enough for thirty years at a hundred batches per second."""
