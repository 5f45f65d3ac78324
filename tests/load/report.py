"""The results of a run: sections with rows for tables on the terminal, and the same as JSON."""

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from tests.load.figure import Figure, short
from tests.load.interpreter import described


@dataclass(slots=True)
class Section:
    """A section of the benchmark: columns, rows of texts, remarks, and the figures for JSON."""

    title: str
    columns: Sequence[str]
    rows: list[list[str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """Return the section as a plain-text table with aligned columns."""
        lines = [list(self.columns), *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.columns))]
        shown = [
            "  ".join(
                cell.ljust(width) if number == 0 else cell.rjust(width)
                for number, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        rule = "-" * max(map(len, shown))
        return "\n".join([self.title, rule, shown[0], rule, *shown[1:], *(f"  {text}" for text in self.remarks), ""])


@dataclass(slots=True)
class Report:
    """All sections of a run by name, and a description of the machine."""

    settings: dict[str, Any]
    sections: dict[str, Section] = field(default_factory=dict)

    def add(self, name: str, section: Section) -> None:
        """Add a section and print it at once, because a run takes long."""
        self.sections[name] = section
        sys.stdout.write("\n" + section.text())
        sys.stdout.flush()

    def machine(self) -> dict[str, Any]:
        """Return the number of CPUs, the system and the interpreter."""
        return {"cpus": os.cpu_count(), "system": platform.platform(), "python": described()}

    def write(self, path: Path) -> None:
        """Write all sections as JSON."""
        whole = {
            "machine": self.machine(),
            "settings": self.settings,
            "sections": {
                name: {"title": section.title, **section.figures, "remarks": section.remarks}
                for name, section in self.sections.items()
            },
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(orjson.dumps(whole, option=orjson.OPT_INDENT_2))


def spread(figure: Figure) -> str:
    """Return the median, with minimum and maximum in brackets if there are several rounds."""
    if len(figure.rounds) == 1:
        return short(figure.median)
    return f"{short(figure.median)} ({short(figure.least)} to {short(figure.most)})"
