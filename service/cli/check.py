"""A finding of `doctor`."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: "ok", "note" (only some things are not possible) or "bad"; `advice` says what to do."""

    name: str
    state: Literal["ok", "note", "bad"]
    finding: str
    advice: str = ""
