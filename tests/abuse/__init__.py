"""Attacks on a running service beside a well-behaved caller; see tests/chaos/ABUSE.md."""
