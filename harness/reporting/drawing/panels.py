"""The panels of the timeline: what was routed where, who lived, what was served, what failed, how long it took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from harness.reporting.drawing.labels import place, rows_used
from harness.reporting.drawing.picture import Picture
from harness.reporting.drawing.svg import (
    Scale,
    bars,
    broken_line,
    element,
    hint,
    linear_ticks,
    log_ticks,
    step_area,
    text_width,
)
from harness.reporting.text import count, decimal, percent, seconds

SMALL_PX = 10.0
LIFE_PX = 14.0
LIFE_ROWS = 14
REMARK_ROWS = 10
LOG_FROM_RATIO = 30.0
"""Latencies that span more than this are drawn by their logarithm."""


def draw_weights(picture: Picture) -> None:
    """Each version's share of the traffic, as the router was told."""
    weights = picture.timeline.weights
    if not weights:
        return
    group = picture.panel("Weights: share of the traffic", 36, "weights")
    y = Scale(0, 1, picture.y, picture.y - 36)
    edges = [picture.x(entry.at_s) for entry in weights] + [picture.x.end]
    lows = [0.0] * len(weights)
    for index, version in enumerate(picture.timeline.versions):
        highs = [low + entry.shares[index] for low, entry in zip(lows, weights, strict=True)]
        if highs != lows:
            area = step_area(edges, [y(low) for low in lows], [y(high) for high in highs])
            element(group, "path", f"area {picture.version_class(version)}", d=area)
        lows = highs
    _write_shares(picture, group, edges)
    picture.ticks(group, y, (0, 1), percent)


def _write_shares(picture: Picture, group: ET.Element, edges: Sequence[float]) -> None:
    """The new version's share, or the old one's where the new one has none, wherever there is room for the words."""
    if len(picture.timeline.versions) < 2:
        return
    for entry, start, end in zip(picture.timeline.weights, edges, edges[1:], strict=False):
        shown = 1 if entry.shares[1] else 0
        share = percent(entry.shares[shown])
        shorter = [share] if shown == 1 else []
        for label in (f"{picture.timeline.versions[shown]}: {share}", *shorter):
            if end - start > text_width(label, SMALL_PX * 1.12) + 4:
                element(group, "text", "share", label, x=(start + end) / 2, y=picture.y - 14)
                break


def draw_instances(picture: Picture) -> None:
    """A bar for the life of each instance; one that began after another had ended may share its row."""
    lives = picture.timeline.instances
    if not lives:
        return
    wanted = []
    for life in lives:
        start, end = picture.x(life.span.start_s), picture.x(life.span.end_s)
        wanted.append((start, max(end - start, text_width(life.name, SMALL_PX) + 6)))
    places = place(wanted, picture.x.start, float("inf"), LIFE_ROWS)
    hidden = sum(placed is None for placed in places)
    title = "Instances" + (f" ({hidden} more not shown)" if hidden else "")
    height = rows_used(places) * LIFE_PX + 2
    group = picture.panel(title, height, "instances")
    for life, placed, (start, _) in zip(lives, places, wanted, strict=True):
        if placed is None:
            continue
        top, width = picture.y - height + 2 + placed.row * LIFE_PX, picture.x(life.span.end_s) - start
        bar = element(group, "rect", f"life {picture.version_class(life.version)}", x=start, y=top, height=LIFE_PX - 2)
        bar.set("width", f"{max(width, 1.5):.1f}")
        hint(bar, f"{life.name} {life.version}: {seconds(life.span.start_s)} to {seconds(life.span.end_s)}")
        if start + text_width(life.name, SMALL_PX) <= picture.layout.width_px:
            element(group, "text", "name", life.name, x=start + 4, y=top + 9.5)


def draw_remarks(picture: Picture) -> None:
    """A row for each name under which the platform said something, with a mark for each time."""
    remarks = picture.timeline.remarks[:REMARK_ROWS]
    if not remarks:
        return
    hidden = len(picture.timeline.remarks) - len(remarks)
    title = "Events of the platform" + (f" ({hidden} more kinds not shown)" if hidden else "")
    height = len(remarks) * LIFE_PX + 2
    group = picture.panel(title, height, "remarks")
    for row, remark in enumerate(remarks):
        top = picture.y - height + 2 + row * LIFE_PX
        css = "remark warning" if remark.warning else "remark"
        for told in remark.told:
            mark = element(group, "rect", css, x=picture.x(told.at_s) - 1, y=top, width=3.0, height=LIFE_PX - 3)
            hint(mark, f"{seconds(told.at_s)}: {remark.reason}. {told.text}")
        label = f"{remark.reason} {len(remark.told)} times" if len(remark.told) > 1 else remark.reason
        first = picture.x(remark.told[0].at_s)
        turned = first + 6 + text_width(label, SMALL_PX) > picture.layout.width_px
        at = first - 5 if turned else first + 6
        element(picture.words, "text", f"told {'end ' if turned else ''}name", label, x=at, y=top + 9.5)


def draw_throughput(picture: Picture) -> None:
    """Served requests stacked by version, under a line of what was asked: the gap between them is what failed."""
    timeline, height = picture.timeline, 104
    lengths_s = [timeline.bin_length_s(place) for place in range(timeline.axis.bins)]
    asked = [
        sum(series.served[place] + series.failed[place] for series in timeline.traffic) / length_s
        for place, length_s in enumerate(lengths_s)
    ]
    group = picture.panel("Served requests a second; line: asked for", height, "throughput")
    ticks = linear_ticks(max(asked, default=0) or 1, 4)
    y = Scale(0, ticks[-1], picture.y, picture.y - height)
    picture.ticks(group, y, ticks, _short)
    edges = picture.edges()
    lows = [0.0] * timeline.axis.bins
    for series in timeline.traffic:
        rates = [served / length_s for served, length_s in zip(series.served, lengths_s, strict=True)]
        highs = [low + rate for low, rate in zip(lows, rates, strict=True)]
        if any(rates):
            area = step_area(edges, [y(low) for low in lows], [y(high) for high in highs])
            element(group, "path", f"area {picture.version_class(series.version)}", d=area)
        lows = highs
    steps = "".join(f"H{edges[place + 1]:.1f}V{y(rate):.1f}" for place, rate in enumerate([*asked[1:], asked[-1]]))
    element(group, "path", "asked", d=f"M{edges[0]:.1f} {y(asked[0]):.1f}{steps}")


def draw_errors(picture: Picture) -> None:
    """Failed requests a bin, stacked by kind."""
    timeline = picture.timeline
    title = f"Failed requests, each {seconds(timeline.axis.bin_s)}"
    if not timeline.errors:
        group = picture.panel(title, 22, "errors")
        middle = (picture.x.start + picture.x.end) / 2
        words = "no request failed" if timeline.overall.requests else "no request was recorded"
        element(group, "text", "none", words, x=middle, y=picture.y - 7)
        return
    height = 66
    group = picture.panel(title, height, "errors")
    per_bin = [sum(series.failed[place] for series in timeline.errors) for place in range(timeline.axis.bins)]
    ticks = linear_ticks(max(per_bin), 2)
    y = Scale(0, ticks[-1], picture.y, picture.y - height)
    picture.ticks(group, y, ticks, _short)
    edges = picture.edges()
    lows = [0] * timeline.axis.bins
    for index, series in enumerate(timeline.errors):
        boxes = [
            (edges[place], max(edges[place + 1], edges[place] + 1.5), y(lows[place] + failed), y(lows[place]))
            for place, failed in enumerate(series.failed)
            if failed
        ]
        element(group, "path", f"area e{index}", d=bars(boxes))
        lows = [low + failed for low, failed in zip(lows, series.failed, strict=True)]


def draw_latency(picture: Picture, p99_limit_ms: float | None) -> None:
    """p99 (full line) and median (dotted) by version, from the scheduled time."""
    series = picture.timeline.traffic
    values = [value for one in series for value in (*one.p50_ms, *one.p99_ms) if value is not None and value > 0]
    if not values:
        return
    low, high = min(values), max(values)
    logarithmic = high / low > LOG_FROM_RATIO
    ticks = log_ticks(low, high) if logarithmic else linear_ticks(high, 4)
    group = picture.panel(f"Latency, ms{' (log)' if logarithmic else ''}; full: p99, dotted: median", 124, "latency")
    y = Scale(ticks[0], ticks[-1], picture.y, picture.y - 124, logarithmic)
    picture.ticks(group, y, ticks, _short)
    if p99_limit_ms is not None and ticks[0] <= p99_limit_ms <= ticks[-1]:
        at = y(p99_limit_ms)
        element(group, "path", "limit", d=f"M{picture.x.start:.1f} {at:.1f}H{picture.x.end:.1f}")
        below = at < y.end + 14
        element(picture.words, "text", "limit", "p99 limit", x=picture.x.end - 4, y=at + 10 if below else at - 3)
    for one in series:
        css = picture.version_class(one.version)
        element(group, "path", f"line p50 {css}", d=broken_line(_points(picture, y, one.p50_ms)))
        element(group, "path", f"line p99 {css}", d=broken_line(_points(picture, y, one.p99_ms)))


def _points(picture: Picture, y: Scale, values: Sequence[float | None]) -> Iterator[tuple[float, float | None]]:
    bin_s = picture.timeline.axis.bin_s
    for index, value in enumerate(values):
        yield picture.x((index + 0.5) * bin_s), None if value is None else y(value)


def draw_lag(picture: Picture) -> None:
    """How many events the projection was behind, as sampled."""
    lag = picture.timeline.lag
    if not lag:
        return
    height = 48
    group = picture.panel("Projection: events behind", height, "lag")
    ticks = linear_ticks(max(point.events_behind for point in lag) or 1, 2)
    y = Scale(0, ticks[-1], picture.y, picture.y - height)
    picture.ticks(group, y, ticks, _short)
    line = broken_line((picture.x(point.at_s), y(point.events_behind)) for point in lag)
    element(group, "path", "line lag", d=line)


def draw_time(picture: Picture, top: float) -> None:
    """Lines through all panels from `top` on, and the seconds below them."""
    group = element(picture.backdrop, "g", "time")
    for tick in linear_ticks(picture.timeline.axis.end_s, picture.layout.time_ticks):
        if tick > picture.timeline.axis.end_s:
            continue
        x = picture.x(tick)
        element(group, "path", "grid", d=f"M{x:.1f} {top:.1f}V{picture.y + 4:.1f}")
        element(picture.root, "text", "tick x", f"{decimal(tick)}", x=x, y=picture.y + 16)
    element(
        picture.root, "text", "tick x", "seconds of the run", x=(picture.x.start + picture.x.end) / 2, y=picture.y + 31
    )
    picture.y += 36


def _short(value: float) -> str:
    if value >= 10_000:
        return f"{decimal(value / 1000)}k"
    return count(int(value)) if value == int(value) else decimal(value)
