"""Peers: alternative programs for the same work, each with reasonable settings, listed in its docstring."""
