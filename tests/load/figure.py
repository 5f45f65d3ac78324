"""Figures of several rounds: median, least and most; ratios of alternating rounds; percentiles."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """What one thing gave in each round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return median(self.rounds)

    @property
    def least(self) -> float:
        """The lowest round."""
        return min(self.rounds)

    @property
    def most(self) -> float:
        """The highest round."""
        return max(self.rounds)

    def over(self, other: "Figure") -> "Figure":
        """The ratio to another figure, round by round: what disturbed both of a round falls out."""
        return Figure(tuple(a / b for a, b in zip(self.rounds, other.rounds, strict=True)))

    def as_json(self) -> dict[str, object]:
        """The figure for bench.json."""
        return {"median": self.median, "min": self.least, "max": self.most, "rounds": list(self.rounds)}


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that at least `share` (0 to 1) of the values do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


def short(value: float) -> str:
    """A number for a table: about three digits that count."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
