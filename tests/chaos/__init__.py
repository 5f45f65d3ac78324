"""Fault tests: real processes, a random history, faults while it is sent, and a checker at the end."""
