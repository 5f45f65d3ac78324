"""The pictures of a run, drawn from its figures.

`python -m tests.load.pictures FIGURES.json FOLDER` draws those of a run again; FOLDER is this one for the document.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from tests.load.chart import bars, chart
from tests.load.figure import Figure


def pictures(sections: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the SVG text of each picture by the name of its section, for the sections that a run has."""
    drawn = {"write": _write, "latency": _latency, "growth": _growth}
    return {name: draw(sections[name]) for name, draw in drawn.items() if name in sections}


def draw(figures: Path, folder: Path, prefix: str = "") -> list[Path]:
    """Write the pictures of a file of figures to a folder, which may not exist yet, and return their paths."""
    files = []
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pictures(orjson.loads(figures.read_bytes())["sections"]).items():
        files.append(folder / f"{prefix}{name}.svg")
        files[-1].write_text(text)
    return files


def _write(section: Mapping[str, Any]) -> str:
    rates = {name: figure_of(one["rate"]) for name, one in _measured(section, "rate").items()}
    return bars("Throughput against peers", "commands per second: median, lowest and highest round", rates)


def _latency(section: Mapping[str, Any]) -> str:
    """Draw the first broker; others have one rate only."""
    measured = list(_measured(section, "p50").values())
    first = [one for one in measured if all(one[key] == measured[0][key] for key in ("broker", "partitions"))]
    curves = {
        f"{words}, milliseconds": [(float(one["wanted"]), float(one[part]["median"])) for one in first]
        for part, words in (("p99", "99th percentile"), ("p50", "median"))
    }
    return chart("Latency from command to event (logarithmic scales)", "commands per second", curves, logarithmic=True)


def _growth(section: Mapping[str, Any]) -> str:
    measured = _measured(section, "reads")
    curves = {
        f"{what} per second": [(float(size), float(one[what]["median"])) for size, one in measured.items()]
        for what in ("commands", "reads")
    }
    return chart("Cost of growth", "producer codes in the registry", curves)


def _measured(section: Mapping[str, Any], part: str) -> dict[str, Any]:
    """Return the measurements of a section; it has other figures, too."""
    return {name: one for name, one in section.items() if isinstance(one, dict) and part in one}


def figure_of(reported: Mapping[str, Any]) -> Figure:
    """Return a figure as it was before it became JSON."""
    return Figure(tuple(reported["rounds"]))


def main() -> None:
    """Parse the arguments, draw, and print the paths."""
    for file in draw(Path(sys.argv[1]), Path(sys.argv[2])):
        sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main()
