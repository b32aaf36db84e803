"""A violation as a page: who did what when, and where no order goes on. One file, which loads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from markupsafe import Markup

from harness.consistency.linearizability.check import Violation
from harness.consistency.operations import shown
from harness.plain_text import shortened
from harness.reporting.drawing.svg import element, hint, text_width
from harness.reporting.pages import environment, inline, policy
from harness.verdict import Verdict

OPERATIONS_MAX = 60
LABEL_LETTERS_MAX = 40
ROW, BAR, MARGIN, STEP, FONT = 34, 20, 110, 26, 12


@dataclass(frozen=True)
class Judged:
    """What is shown of one file. `violation` None: it has none."""

    source: str
    verdict: Verdict
    violation: Violation | None


@dataclass(frozen=True)
class Bar:
    """An operation as it is drawn: from a column to another, in the row of its process."""

    row: int
    start: int
    end: int
    label: str
    css: str
    process: str
    line: int
    order: int | None


@dataclass(frozen=True)
class Page:
    source: str
    verdict: Verdict
    picture: Markup | None = None
    bars: tuple[Bar, ...] = ()
    states: tuple[str, ...] = ()
    left_out: int = 0


def render(judged: Sequence[Judged]) -> str:
    """The page, with all that was judged one after the other."""
    css = Markup(inline("report.css") + inline("linearizability.css"))
    return (
        environment()
        .get_template("linearizability.html.j2")
        .render(
            policy=policy(css=css),
            css=css,
            title=", ".join(f"{each.verdict.status.name}: {each.source}" for each in judged[:3]),
            pages=[_page(each) for each in judged],
        )
    )


def _page(judged: Judged) -> Page:
    violation = judged.violation
    if violation is None:
        return Page(judged.source, judged.verdict)
    bars = bars_of(violation)
    return Page(
        judged.source,
        judged.verdict,
        Markup(_draw(bars)),
        tuple(bars),
        violation.states,
        len(violation.prefix) - len(bars),
    )


def bars_of(violation: Violation) -> list[Bar]:
    """The last operations of the prefix, in the order in which they began."""
    end = violation.culprit.returned or 0
    last = sorted(violation.prefix, key=lambda each: end if each.returned is None else each.returned)[-OPERATIONS_MAX:]
    shown_ones = sorted(last, key=lambda each: each.invoked)
    events = sorted({each.invoked for each in last} | {each.returned for each in last if each.returned is not None})
    column = {event: number for number, event in enumerate(events)}
    rows = {process: row for row, process in enumerate(dict.fromkeys(each.process for each in shown_ones))}
    placed = {each.invoked: place for place, each in enumerate(violation.order, start=1)}
    return [
        Bar(
            row=rows[each.process],
            start=column[each.invoked],
            end=len(events) if each.returned is None else column[each.returned],
            label=str(each),
            css="culprit" if each.returned == end else "ok" if each.determinate else "indeterminate",
            process=shown(each.process),
            line=each.line,
            order=placed.get(each.invoked),
        )
        for each in shown_ones
    ]


def _draw(bars: Sequence[Bar]) -> str:
    # A bar is at least as wide as what is written in it: columns are as wide as the widest needs.
    step = max(STEP, *(int((text_width(_label(bar), FONT) + 12) / (bar.end - bar.start)) for bar in bars))
    width = MARGIN + step * max(bar.end for bar in bars) + 10
    height = ROW * (1 + max(bar.row for bar in bars)) + 10
    svg = ET.Element(
        "svg", {"viewBox": f"0 0 {width} {height}", "width": str(width), "height": str(height), "role": "img"}
    )
    for row, process in {bar.row: bar.process for bar in bars}.items():
        element(svg, "text", "row", shortened(f"process {process}", 16), x=4, y=row * ROW + 24)
    for bar in bars:
        x, y = MARGIN + step * bar.start, bar.row * ROW + 9
        group = element(svg, "g")
        hint(group, f"{bar.label} (process {bar.process}, line {bar.line})")
        element(group, "rect", bar.css, x=x, y=y, width=step * (bar.end - bar.start), height=BAR, rx=3)
        element(group, "text", "", _label(bar), x=x + 6, y=y + 14)
        if bar.order is not None:
            element(group, "text", "order", str(bar.order), x=x + 2, y=y - 1)
    return ET.tostring(svg, encoding="unicode")


def _label(bar: Bar) -> str:
    return shortened(bar.label, LABEL_LETTERS_MAX)
