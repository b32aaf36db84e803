"""The timeline of a run as SVG, made on the server side: the page needs no script to show it."""

from harness.reporting.drawing.picture import NARROW, WIDE, Layout, version_class
from harness.reporting.drawing.symbols import legend_symbol
from harness.reporting.drawing.timeline_svg import draw

__all__ = ["NARROW", "WIDE", "Layout", "draw", "legend_symbol", "version_class"]
