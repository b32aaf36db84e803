"""What happened, above and behind the panels: steps, gates and setbacks, fault windows, the harness's own stalls."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from harness.plain_text import shortened
from harness.reporting.axis import Span
from harness.reporting.drawing.labels import Place, place, rows_used
from harness.reporting.drawing.picture import FONT_PX, ROW_PX, Picture
from harness.reporting.drawing.svg import element, hint, text_width
from harness.reporting.drawing.symbols import SYMBOL_PX, symbol
from harness.reporting.text import seconds
from harness.reporting.timeline_data import FaultBand, Mark, MarkKind, StepBand

STRIP_PX = 10.0
MARK_ROWS = 4
FAULT_ROWS = 4
BOLD_PX = FONT_PX * 1.12
"""Bold letters are wider."""


def draw_steps(picture: Picture) -> None:
    """A strip of bands under labels, each with a line down to where its step begins."""
    steps = picture.timeline.steps
    if not steps:
        return
    wanted = [(picture.x(step.span.start_s), text_width(step.name, FONT_PX)) for step in steps]
    places = place(wanted, picture.x.start, picture.layout.width_px, picture.layout.label_rows, leaders=True)
    strip = picture.y + rows_used(places) * ROW_PX + 4
    group = element(picture.root, "g", "steps")
    element(group, "text", "tick y", "steps", x=picture.x.start - 5, y=strip + STRIP_PX - 1)
    for step, placed in zip(steps, places, strict=True):
        _draw_step(picture, group, step, placed, strip)
    picture.y = strip + STRIP_PX + 6


def _draw_step(picture: Picture, group: ET.Element, step: StepBand, placed: Place | None, strip: float) -> None:
    start, end = picture.x(step.span.start_s), picture.x(step.span.end_s)
    css = f"step {'planned' if step.expected else 'unplanned'} {'even' if step.number % 2 == 0 else 'odd'}"
    band = element(group, "rect", css, x=start, y=strip, width=max(end - start, 1.5), height=STRIP_PX)
    hint(band, f"{step.number}. {step.name}: {seconds(step.span.start_s)} to {seconds(step.span.end_s)}")
    if placed is not None:
        baseline = picture.y + placed.row * ROW_PX + 11
        element(group, "path", "leader", d=f"M{start:.1f} {baseline + 2:.1f}V{strip:.1f}")
        element(group, "text", css, step.name, x=placed.x, y=baseline)


def draw_marks(picture: Picture) -> None:
    """Gates and turning points at their times; those that decide a run carry words."""
    marks = picture.timeline.marks
    spans = [_mark_span(picture, mark) for mark in marks]
    places = place(spans, float("-inf"), float("inf"), MARK_ROWS)
    group = element(picture.root, "g", "marks")
    for mark, (start, width), placed in zip(marks, spans, places, strict=True):
        middle = picture.y + (placed.row if placed else MARK_ROWS - 1) * ROW_PX + ROW_PX / 2
        x = picture.x(mark.at_s)
        hint(symbol(group, mark.kind, x, middle), f"{seconds(mark.at_s)}: {mark.kind}. {mark.text}".rstrip(". "))
        if label := _mark_label(mark):
            turned = start < x - SYMBOL_PX
            at = start + width - SYMBOL_PX - 3 if turned else x + SYMBOL_PX / 2 + 3
            element(group, "text", "told end" if turned else "told", label, x=at, y=middle + 4)
    picture.y += max(rows_used(places), 1) * ROW_PX + 3


def _mark_span(picture: Picture, mark: Mark) -> tuple[float, float]:
    """Where the symbol and its words begin, and how wide they are; words that would leave the picture go left."""
    x, label = picture.x(mark.at_s), _mark_label(mark)
    width = SYMBOL_PX + (3 + text_width(label, FONT_PX) if label else 0)
    left = x - SYMBOL_PX / 2
    return (left, width) if left + width <= picture.layout.width_px else (x + SYMBOL_PX / 2 - width, width)


def _mark_label(mark: Mark) -> str:
    match mark.kind:
        case MarkKind.SETBACK:
            return "turns back"
        case MarkKind.ENDED:
            return mark.text
        case MarkKind.VIOLATION:
            return f"first violation: {shortened(mark.text, 24)}"
        case _:
            return ""


def draw_fault_labels(picture: Picture) -> None:
    """The names of the faults over their windows; `draw_bands` hatches the windows themselves."""
    faults = picture.timeline.faults
    if not faults:
        return
    letters_max = int((picture.x.end - picture.x.start) / text_width("n", BOLD_PX))
    labels = [shortened(_fault_label(fault), letters_max) for fault in faults]
    wanted = [
        (picture.x(fault.span.start_s), max(text_width(label, BOLD_PX), _width(picture, fault.span)))
        for fault, label in zip(faults, labels, strict=True)
    ]
    places = place(wanted, picture.x.start, picture.layout.width_px, FAULT_ROWS)
    group = element(picture.words, "g", "faults")
    for label, placed in zip(labels, places, strict=True):
        if placed is not None:
            element(group, "text", "fault", label, x=placed.x, y=picture.y + placed.row * ROW_PX + 11)
    picture.y += rows_used(places) * ROW_PX


def _fault_label(fault: FaultBand) -> str:
    what = f"{fault.name} · {fault.target}" if fault.target and fault.target not in fault.name else fault.name
    return what if fault.bit else f"{what} (not proved)"


def draw_bands(picture: Picture, top: float) -> None:
    """From `top` to where the panels end: fault windows, stalls, and the moment the deployment turned back."""
    height = picture.y - top
    for fault in picture.timeline.faults:
        box = _box(picture, fault.span, top, height)
        element(picture.backdrop, "rect", "window" if fault.bit else "window unproved", **box)
        hatch = element(picture.veil, "rect", "hatched", fill=f"url(#fault-{picture.layout.name})", **box)
        hint(hatch, f"{_fault_label(fault)}: {seconds(fault.span.start_s)} to {seconds(fault.span.end_s)}")
    for stall in picture.timeline.stalls:
        box = _box(picture, stall, top, height)
        hatch = element(picture.veil, "rect", "stalled", fill=f"url(#stall-{picture.layout.name})", **box)
        hint(hatch, f"the harness itself did not run: {seconds(stall.start_s)} to {seconds(stall.end_s)}")
    for mark in picture.timeline.marks:
        if mark.kind is MarkKind.SETBACK:
            x = picture.x(mark.at_s)
            element(picture.veil, "path", "rule", d=f"M{x:.1f} {top:.1f}V{picture.y:.1f}")


def _box(picture: Picture, span: Span, top: float, height: float) -> dict[str, float]:
    return {"x": picture.x(span.start_s), "y": top, "width": _width(picture, span), "height": height}


def _width(picture: Picture, span: Span) -> float:
    """At least two pixels: what was short is seen too."""
    return max(picture.x(span.end_s) - picture.x(span.start_s), 2.0)
