"""All advisory locks of the registry, in one place, so that no two have the same number.

The number of a lock has two halves. The first identifies the registry and the kind of lock, the second the lock.
"""

from typing import Final

BATCH: Final = (1347374914, 1)
"""Held by every batch until its commit is visible: shows the relay which transactions may still add frames."""

BEGIN_SHARED: Final = "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock_shared(1347374914, 1)"
"""Begin a batch that may run at the same time as others."""

BEGIN_ALONE: Final = "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock(1347374914, 1)"
"""Begin a batch that runs alone."""

TRY_MIGRATION: Final = "SELECT pg_try_advisory_lock(1347374914, 2)"
"""Become the only process that migrates."""

TRY_HOUSEKEEPING: Final = "SELECT pg_try_advisory_lock(1347374914, 3)"
"""Become the only process that removes old command ids."""

START_MARK: Final = (1347374914, 4)
"""Held until its end by a transaction that adds the first offset mark of a partition."""

SHARD_CLASS: Final = 0x5052_4F42
"""First half of the lock of a shard; the second half is the shard."""

RELAY_CLASS: Final = SHARD_CLASS + 1
"""First half of the lock that every running relay holds in shared mode; the second half is 0."""
