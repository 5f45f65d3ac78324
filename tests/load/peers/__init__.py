"""Peers: what else could do the same work, each written fairly, its settings in its docstring."""
