"""Charts as SVG text: curves with a logarithmic x axis, and bars with the spread of the rounds."""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from tests.load.figure import Figure, short
from tests.load.report import spread

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 80, 24, 56, 52
NAMES, SPREADS = 270, 190
"""Width of the names beside bars, and of the figures behind them."""

BAR, BETWEEN_BARS = 22, 38
COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700")


def chart(
    title: str, across: str, curves: Mapping[str, Sequence[tuple[float, float]]], *, logarithmic: bool = False
) -> str:
    """Draw curves of (x, y) points, x logarithmic; each point is labelled with its value.

    Each curve has its own scale from 0 to its highest point; with `logarithmic` all have one logarithmic scale. The
    names of the curves contain their units.
    """
    xs = sorted({x for points in curves.values() for x, _ in points})
    low, high = math.log10(xs[0]), math.log10(xs[-1])
    span = (high - low) or 1.0
    ys = [y for points in curves.values() for _, y in points]
    # Room for the labels below the lowest point and above the highest.
    bottom, top = min(ys) / 2, max(ys) * 1.3

    def place_x(x: float) -> float:
        return LEFT + (math.log10(x) - low) / span * (WIDTH - LEFT - RIGHT)

    def place_y(y: float, most: float) -> float:
        share = math.log(y / bottom) / math.log(top / bottom) if logarithmic else y / (most * 1.15)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    floor = HEIGHT - BOTTOM
    parts = [
        f'<path d="M{LEFT} {TOP}V{floor}H{WIDTH - RIGHT}" stroke="#888" fill="none"/>',
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 10}" text-anchor="middle">{escape(across)}</text>',
    ]
    parts += [f'<text x="{place_x(x):.1f}" y="{floor + 18}" text-anchor="middle">{short_number(x)}</text>' for x in xs]
    for number, (name, points) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        # Curves with scales of their own may lie upon each other.
        most, apart = max(y for _, y in points), 0 if logarithmic else 3 * number
        line = " ".join(f"{place_x(x):.1f},{place_y(y, most) + apart:.1f}" for x, y in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for x, y in points:
            up = place_y(y, most) + apart
            parts.append(f'<circle cx="{place_x(x):.1f}" cy="{up:.1f}" r="3" fill="{colour}"/>')
            offset = -9 if number == 0 else 18
            parts.append(
                f'<text x="{place_x(x):.1f}" y="{up + offset:.1f}" fill="{colour}" text-anchor="middle">'
                f"{short(y)}</text>"
            )
        parts.append(f'<text x="{LEFT + 220 * number}" y="42" fill="{colour}">{escape(name)}</text>')
    return _picture(title, HEIGHT, parts)


def bars(title: str, across: str, figures: Mapping[str, Figure]) -> str:
    """Draw a bar for each median, with a line from the lowest to the highest round, and its figures behind it."""
    left, right, floor = NAMES, WIDTH - SPREADS, TOP + BETWEEN_BARS * len(figures)
    most = max(figure.most for figure in figures.values())

    def place(value: float) -> float:
        return left + value / most * (right - left)

    parts = [
        f'<path d="M{left} {TOP - 8}V{floor}H{right}" stroke="#888" fill="none"/>',
        f'<text x="{left}" y="{floor + 22}">{escape(across)}</text>',
    ]
    for number, (name, figure) in enumerate(figures.items()):
        top = TOP + BETWEEN_BARS * number
        middle, colour = top + BAR / 2, COLOURS[0 if number == 0 else 3]
        parts += [
            f'<text x="{left - 8}" y="{middle + 4:.1f}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{left}" y="{top}" width="{place(figure.median) - left:.1f}" height="{BAR}" fill="{colour}"/>',
            f'<path d="M{place(figure.least):.1f} {middle:.1f}H{place(figure.most):.1f}" stroke="#000" '
            'stroke-width="2"/>',
            f'<text x="{place(figure.most) + 8:.1f}" y="{middle + 4:.1f}">{escape(spread(figure))}</text>',
        ]
    return _picture(title, floor + 34, parts)


def _picture(title: str, height: int, parts: Iterable[str]) -> str:
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-size="12" '
        'font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
    ]
    return "\n".join([*head, *parts, "</svg>"]) + "\n"


def short_number(number: float) -> str:
    """Return a short form of a round number: 10k, 5M."""
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= unit:
            return f"{number / unit:g}{letter}"
    return f"{number:g}"
