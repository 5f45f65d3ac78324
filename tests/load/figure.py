"""Figures of several rounds: median, minimum and maximum; ratios per round; percentiles."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value, one per round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median of the rounds."""
        return median(self.rounds)

    @property
    def least(self) -> float:
        """The minimum of the rounds."""
        return min(self.rounds)

    @property
    def most(self) -> float:
        """The maximum of the rounds."""
        return max(self.rounds)

    def over(self, other: "Figure") -> "Figure":
        """Return the ratio to another figure per round: disturbances that affect a whole round cancel out."""
        return Figure(tuple(a / b for a, b in zip(self.rounds, other.rounds, strict=True)))

    def as_json(self) -> dict[str, object]:
        """Return the figure for bench.json."""
        return {"median": self.median, "min": self.least, "max": self.most, "rounds": list(self.rounds)}


def percentile(values: Sequence[float], share: float) -> float:
    """Return the lowest value that at least `share` (0 to 1) of the values do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


def short(value: float) -> str:
    """Return a number for a table, with about three significant digits."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
