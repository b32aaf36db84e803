"""The picture in docs/canary-analysis.md: detection time against effect size, both logarithmic."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from xml.etree import ElementTree as ET

from harness.reporting.drawing.svg import Scale, broken_line, element

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 380, 64, 24, 44, 52
GREY, INK = "#8a8f98", "#30343b"
MEDIAN, LATE = "#1a6fb5", "#d1722a"
SECONDS = (1, 2, 5, 10, 20, 60, 120, 300, 600, 1200)
FONT = "system-ui, sans-serif"


@dataclass(frozen=True)
class Point:
    """Time to detection for canaries that fail so often; infinite where some are not found in time."""

    error_rate: float
    median_s: float
    late_s: float
    """The 95th percentile."""


def draw(points: Sequence[Point]) -> str:
    """An SVG document of its own, readable on light and dark pages."""
    x = Scale(points[0].error_rate, points[-1].error_rate, LEFT, WIDTH - RIGHT, logarithmic=True)
    y = Scale(SECONDS[0], SECONDS[-1], HEIGHT - BOTTOM, TOP, logarithmic=True)
    root = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {WIDTH} {HEIGHT}",
            "role": "img",
            "font-family": FONT,
            "font-size": "12",
        },
    )
    title = "Seconds until a bad canary is found: 100 requests/s, 5 % to the canary, 0.5 % base errors, alpha = 1 %"
    element(root, "title", "", title)
    element(root, "rect", width=WIDTH, height=HEIGHT, fill="#ffffff")
    element(root, "text", "", title, x=LEFT, y=20, fill=INK)
    _axes(root, points, x, y)
    _line(root, x, y, ((point.error_rate, point.late_s) for point in points), LATE)
    _line(root, x, y, ((point.error_rate, point.median_s) for point in points), MEDIAN)
    for row, (colour, text) in enumerate(((LATE, "95th percentile"), (MEDIAN, "median"))):
        at = TOP + 20 + 18 * row
        element(root, "rect", x=WIDTH - RIGHT - 150, y=at - 9, width=18, height=4, fill=colour)
        element(root, "text", "", text, x=WIDTH - RIGHT - 126, y=at, fill=INK)
    return ET.tostring(root, "unicode") + "\n"


def _axes(root: ET.Element, points: Sequence[Point], x: Scale, y: Scale) -> None:
    for seconds in SECONDS:
        element(root, "line", x1=LEFT, x2=WIDTH - RIGHT, y1=y(seconds), y2=y(seconds), stroke=GREY, stroke_opacity=0.3)
        element(root, "text", "", f"{seconds} s", x=LEFT - 8, y=y(seconds) + 4, text_anchor="end", fill=INK)
    for point in points:
        rate = point.error_rate
        element(root, "text", "", f"{rate:.0%}", x=x(rate), y=HEIGHT - BOTTOM + 20, text_anchor="middle", fill=INK)
    middle = (LEFT + WIDTH - RIGHT) / 2
    element(root, "text", "", "errors of the canary", x=middle, y=HEIGHT - 10, text_anchor="middle", fill=INK)


def _line(root: ET.Element, x: Scale, y: Scale, points: Iterable[tuple[float, float]], colour: str) -> None:
    placed = [(x(rate), y(seconds) if isfinite(seconds) else None) for rate, seconds in points]
    element(root, "path", d=broken_line(placed), fill="none", stroke=colour, stroke_width=2.5, stroke_linejoin="round")
    for at, height in placed:
        if height is not None:
            element(root, "circle", cx=at, cy=height, r=3.5, fill=colour)
