"""Fault tests: real processes, a random history, faults while it is sent, and the oracle at the end."""
