"""The result of one check of `doctor`."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Check:
    """The result of a check: "ok", "note" (some functions are not available) or "bad". `advice` says what to do."""

    name: str
    state: Literal["ok", "note", "bad"]
    finding: str
    advice: str = ""
