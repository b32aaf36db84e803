"""The marks of the timeline and of its legend: shapes that differ without their colours."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from harness.reporting.drawing.svg import element
from harness.reporting.timeline_data import MarkKind

SYMBOL_PX = 12.0

_STROKES = {
    MarkKind.GATE_PASSED: ("pass", "M-2.8 .2L-.8 2.3L3 -2"),
    MarkKind.GATE_FAILED: ("fail", "M-2.3 -2.3L2.3 2.3M2.3 -2.3L-2.3 2.3"),
    MarkKind.SETBACK: ("fail", "M3 2.6V1A2 2 0 0 0 1 -1H-3M-1 -3.2L-3.2 -1L-1 1.2"),
    MarkKind.ENDED: ("plain", "M-2 3.4V-3.2H2.6V.2H-2"),
    MarkKind.VIOLATION: ("fail", "M0 -3.2V.8M0 2.9V3.1"),
    MarkKind.LOAD_ENDS: ("plain", "M-2.2 -2.2V2.2H2.2V-2.2Z"),
}


def symbol(parent: ET.Element, kind: MarkKind, x: float, y: float) -> ET.Element:
    """The symbol of a kind of mark, centred at (x, y)."""
    css, stroke = _STROKES[kind]
    group = element(parent, "g", f"mark {css}", transform=f"translate({x:.1f} {y:.1f})")
    if kind is MarkKind.VIOLATION:
        element(group, "path", "disc", d="M0 -6.4L6.6 5.4H-6.6Z")
    else:
        element(group, "circle", "disc", r=SYMBOL_PX / 2)
    element(group, "path", "sign", d=stroke)
    return group


def legend_symbol(kind: MarkKind) -> str:
    """The symbol as a picture of its own."""
    root = ET.Element("svg", {"class": "key", "viewBox": "-8 -8 16 16", "width": "16", "height": "16"})
    root.set("aria-hidden", "true")
    symbol(root, kind, 0, 0)
    return ET.tostring(root, encoding="unicode")
