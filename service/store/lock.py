"""Every advisory lock of the registry: the one place where their numbers stand, so that no two mean the same.

A lock has two halves. The first says that it is ours, and of which kind; the second says which one.
"""

from typing import Final

BATCH: Final = (1347374914, 1)
"""Held by every batch until after its commit is visible: the relay sees by it who may still bring frames."""

BEGIN_SHARED: Final = "BEGIN; SELECT pg_advisory_xact_lock_shared(1347374914, 1)"
"""Begin a batch beside others."""

BEGIN_ALONE: Final = "BEGIN; SELECT pg_advisory_xact_lock(1347374914, 1)"
"""Begin a batch that no other one may run beside."""

TRY_MIGRATION: Final = "SELECT pg_try_advisory_lock(1347374914, 2)"
"""Become the one process that migrates."""

TRY_HOUSEKEEPING: Final = "SELECT pg_try_advisory_lock(1347374914, 3)"
"""Become the one process that sweeps."""

START_MARK: Final = (1347374914, 4)
"""Held by a transaction that gives a partition its first offset mark, until it ends."""

SHARD_CLASS: Final = 0x5052_4F42
"""First half of the lock of a shard; the second half is the shard."""

RELAY_CLASS: Final = SHARD_CLASS + 1
"""First half of the lock that every living relay shares; the second half is 0."""
