"""Drawing in SVG: scales, ticks, paths and elements. Knows nothing of what is drawn.

Elements are made with ElementTree, so whatever text they hold is escaped. Colours come from CSS classes: the page has
a light and a dark theme, and a policy that forbids inline styles.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from xml.etree import ElementTree as ET

from harness.plain_text import printable

Attribute: TypeAlias = str | float | int
LETTER_WIDTH = 0.56
"""Mean width of a letter, as a share of the font's size; the page's fonts differ by a few per cent."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps low..high to start..end (pixels), linearly or by the logarithm."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        low, high, at = self.low, self.high, value
        if self.logarithmic:
            low, high, at = math.log(low), math.log(high), math.log(max(value, self.low))
        share = (at - low) / (high - low) if high > low else 0.0
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)


def linear_ticks(high: float, count: int) -> tuple[float, ...]:
    """Round numbers from 0 to at least `high`, about `count` steps."""
    rough = max(high, 1e-9) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))
    return tuple(step * index for index in range(math.ceil(high / step - 1e-9) + 1))


def log_ticks(low: float, high: float) -> tuple[float, ...]:
    """The powers of ten from at most `low` to at least `high`."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return tuple(10.0**power for power in range(first, max(last, first + 1) + 1))


def element(parent: ET.Element, tag: str, css: str = "", text: str = "", /, **attributes: Attribute) -> ET.Element:
    """A new child of `parent`. Underscores in attribute names become hyphens."""
    named = {name.replace("_", "-"): _attribute(value) for name, value in attributes.items()}
    child = ET.SubElement(parent, tag, {"class": css, **named} if css else named)
    if text:
        child.text = printable(text)
    return child


def hint(target: ET.Element, text: str) -> None:
    """What a pointer that rests on the element is told."""
    ET.SubElement(target, "title").text = printable(text)


def text_width(text: str, font_px: float) -> float:
    """About how wide the text will be."""
    return len(text) * font_px * LETTER_WIDTH


def step_area(edges: Sequence[float], lows: Sequence[float], highs: Sequence[float]) -> str:
    """The path around a band of steps; value i lies between edges i and i + 1. All in pixels."""
    upper = "".join(f"H{_px(edges[i + 1])}V{_px(highs[min(i + 1, len(highs) - 1)])}" for i in range(len(highs)))
    lower = "".join(f"V{_px(lows[i])}H{_px(edges[i])}" for i in reversed(range(len(lows))))
    return f"M{_px(edges[0])} {_px(highs[0])}{upper}{lower}z"


def bars(rectangles: Iterable[tuple[float, float, float, float]]) -> str:
    """One path of many rectangles (left, right, top, bottom), all in pixels."""
    return "".join(f"M{_px(x0)} {_px(y1)}V{_px(y0)}H{_px(x1)}V{_px(y1)}z" for x0, x1, y0, y1 in rectangles)


def broken_line(points: Iterable[tuple[float, float | None]]) -> str:
    """A line through the points, lifted where a value is None. A point alone becomes a dot (with round caps)."""
    parts: list[str] = []
    drawing = False
    for x, y in points:
        if y is not None:
            parts.append(f"L{_px(x)} {_px(y)}" if drawing else f"M{_px(x)} {_px(y)}h0")
        drawing = y is not None
    return "".join(parts)


def _attribute(value: Attribute) -> str:
    return value if isinstance(value, str) else _px(value)


def _px(value: float) -> str:
    """Tenths of a pixel, as short as can be."""
    return f"{value:.1f}".removesuffix(".0")
