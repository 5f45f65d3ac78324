"""A flame graph as SVG text, from counted stacks: width is time, callees are above their callers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape

WIDTH = 1400
ROW = 17
LETTER = 6.2
"""Width of a letter in pixels, at the font size below."""


@dataclass(slots=True)
class _Frame:
    name: str
    count: int = 0
    callees: dict[str, "_Frame"] = field(default_factory=dict)


def flame_graph(stacks: Mapping[tuple[str, ...], int], title: str) -> str:
    """Draw stacks (outermost frame first) with their numbers of samples; the tooltip of a frame shows its share."""
    root = _Frame("all")
    for stack, count in stacks.items():
        root.count += count
        frame = root
        for name in stack:
            frame = frame.callees.setdefault(name, _Frame(name))
            frame.count += count
    height = (max(map(len, stacks), default=0) + 3) * ROW + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-size="11" '
        'font-family="monospace">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="8" y="16" font-size="14">{escape(title)}: {root.count} samples</text>',
    ]
    if root.count:
        _draw(root, 0.0, height - ROW - 4, root.count, parts)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _draw(frame: _Frame, left: float, top: float, total: int, parts: list[str]) -> None:
    width = frame.count / total * WIDTH
    if width < 0.4:
        return
    share = f"{escape(frame.name)} {frame.count / total:.1%}"
    letters = int((width - 4) / LETTER)
    text = frame.name if len(frame.name) <= letters else frame.name[: max(0, letters - 1)] + "…" * (letters > 3)
    parts.append(
        f'<g><title>{share}</title><rect x="{left:.1f}" y="{top}" width="{max(width - 0.5, 0.3):.1f}" '
        f'height="{ROW - 1}" fill="{_colour(frame.name)}"/>'
        + (f'<text x="{left + 2:.1f}" y="{top + 12}">{escape(text)}</text>' if letters > 3 else "")
        + "</g>"
    )
    for name in sorted(frame.callees):
        callee = frame.callees[name]
        _draw(callee, left, top - ROW, total, parts)
        left += callee.count / total * WIDTH


def _colour(name: str) -> str:
    """Return the colour of a module: a warm one, blue for our own modules."""
    module = name.partition(":")[0]
    shade = sha256(module.encode()).digest()[0]
    if module.startswith(("service", "consumers")):
        return f"rgb({130 + shade // 6},{185 + shade // 8},255)"
    return f"rgb(255,{140 + shade // 3},{70 + shade // 5})"
