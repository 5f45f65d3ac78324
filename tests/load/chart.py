"""A line chart as SVG text: several curves with a logarithmic x axis."""

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 80, 24, 56, 52
COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700")


def chart(title: str, across: str, curves: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Draw curves of (x, y) points, y from 0, x logarithmic; each curve is scaled to its own highest point.

    The names of the curves contain their units; each point is labelled with its value.
    """
    xs = sorted({x for points in curves.values() for x, _ in points})
    low, high = math.log10(xs[0]), math.log10(xs[-1])
    span = (high - low) or 1.0

    def place_x(x: float) -> float:
        return LEFT + (math.log10(x) - low) / span * (WIDTH - LEFT - RIGHT)

    def place_y(y: float, most: float) -> float:
        return HEIGHT - BOTTOM - y / (most * 1.15) * (HEIGHT - TOP - BOTTOM)

    floor = HEIGHT - BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-size="12" '
        'font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
        f'<path d="M{LEFT} {TOP}V{floor}H{WIDTH - RIGHT}" stroke="#888" fill="none"/>',
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 10}" text-anchor="middle">{escape(across)}</text>',
    ]
    parts += [f'<text x="{place_x(x):.1f}" y="{floor + 18}" text-anchor="middle">{short_number(x)}</text>' for x in xs]
    for number, (name, points) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        most = max(y for _, y in points)
        line = " ".join(f"{place_x(x):.1f},{place_y(y, most) + 3 * number:.1f}" for x, y in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for x, y in points:
            up = place_y(y, most) + 3 * number
            parts.append(f'<circle cx="{place_x(x):.1f}" cy="{up:.1f}" r="3" fill="{colour}"/>')
            offset = -9 if number == 0 else 18
            parts.append(
                f'<text x="{place_x(x):.1f}" y="{up + offset:.1f}" fill="{colour}" text-anchor="middle">{y:,.0f}</text>'
            )
        parts.append(f'<text x="{LEFT + 220 * number}" y="42" fill="{colour}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def short_number(number: float) -> str:
    """Return a short form of a round number: 10k, 5M."""
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= unit:
            return f"{number / unit:g}{letter}"
    return f"{number:g}"
