"""What is being drawn: a picture that grows downwards, row by row, over one axis of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from harness.reporting.drawing.svg import Scale, element
from harness.reporting.timeline_data import Timeline
from harness.reporting.traffic_data import UNANSWERED

FONT_PX = 11.0
ROW_PX = 15.0
RIGHT_MARGIN_PX = 8.0
VERSION_COLOURS = 4


@dataclass(frozen=True)
class Layout:
    """One size of the picture: wide for screens, narrow for phones."""

    name: str
    width_px: float
    gutter_px: float
    label_rows: int
    time_ticks: int


WIDE = Layout("wide", width_px=1120.0, gutter_px=56.0, label_rows=4, time_ticks=14)
NARROW = Layout("narrow", width_px=380.0, gutter_px=38.0, label_rows=8, time_ticks=5)


def version_class(versions: Sequence[str], version: str) -> str:
    """The CSS class that carries a version's colour, the same in every panel, table and legend."""
    if version == UNANSWERED or version not in versions:
        return "v-none"
    return f"v{versions.index(version) % VERSION_COLOURS}"


@dataclass
class Picture:
    """`y` is where the next row begins. `backdrop` lies behind all panels, `veil` over them, `words` over that."""

    timeline: Timeline
    layout: Layout
    root: ET.Element
    backdrop: ET.Element
    veil: ET.Element
    words: ET.Element
    x: Scale
    y: float = 0.0

    @classmethod
    def blank(cls, timeline: Timeline, layout: Layout) -> Picture:
        root = ET.Element("svg", {"class": f"timeline {layout.name}", "role": "img"})
        root.set("aria-label", "Timeline of the run: steps, faults, throughput, errors and latency")
        _define_hatches(root, layout)
        x = Scale(0.0, timeline.axis.end_s, layout.gutter_px, layout.width_px - RIGHT_MARGIN_PX)
        backdrop = element(root, "g", "backdrop")
        return cls(timeline, layout, root, backdrop, ET.Element("g", {"class": "veil"}), ET.Element("g"), x)

    def finished(self) -> str:
        self.root.set("viewBox", f"0 0 {self.layout.width_px:.0f} {self.y:.0f}")
        self.root.set("data-left", f"{self.x.start:.1f}")
        self.root.set("data-right", f"{self.x.end:.1f}")
        self.root.extend((self.veil, self.words))
        element(self.root, "path", "cursor")
        return ET.tostring(self.root, encoding="unicode")

    def edges(self) -> list[float]:
        """Where the bins begin and end."""
        axis = self.timeline.axis
        return [self.x(place * axis.bin_s) for place in range(axis.bins + 1)]

    def panel(self, title: str, height: float, name: str) -> ET.Element:
        """A titled panel below what is drawn; afterwards `y` is its lower edge."""
        element(self.words, "text", "title", title, x=self.x.start, y=self.y + 17)
        self.y += 23
        group = element(self.root, "g", f"panel {name}")
        element(group, "rect", "frame", x=self.x.start, y=self.y, width=self.x.end - self.x.start, height=height)
        self.y += height
        return group

    def ticks(self, group: ET.Element, y: Scale, ticks: Iterable[float], label: Callable[[float], str]) -> None:
        """Lines across the panel with their values in the gutter."""
        for tick in ticks:
            at = y(tick)
            element(group, "path", "grid", d=f"M{self.x.start:.1f} {at:.1f}H{self.x.end:.1f}")
            element(group, "text", "tick y", label(tick), x=self.x.start - 5, y=at + 3.5)

    def version_class(self, version: str) -> str:
        return version_class(self.timeline.versions, version)


def _define_hatches(root: ET.Element, layout: Layout) -> None:
    """Ids carry the layout's name, for they are shared by all pictures of a page."""
    definitions = element(root, "defs")
    for name, size, line in (("fault", 8, "M-2 2L2 -2M0 8L8 0M6 10L10 6"), ("stall", 4, "M2 0V4")):
        pattern = element(definitions, "pattern", id=f"{name}-{layout.name}", width=size, height=size)
        pattern.set("patternUnits", "userSpaceOnUse")
        element(pattern, "path", f"hatch {name}", d=line)
