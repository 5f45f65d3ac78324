"""Decide a batch of commands in order, each on the state the one before left."""

from __future__ import annotations

from service.core.world import Needs, World

__all__ = ["Needs", "World"]
