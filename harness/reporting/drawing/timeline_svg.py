"""The timeline as one picture: panels over each other on one axis of time, under the deployment's steps and faults."""

from __future__ import annotations

from harness.reporting.drawing import deployment, panels
from harness.reporting.drawing.picture import Layout, Picture
from harness.reporting.timeline_data import Timeline


def draw(timeline: Timeline, layout: Layout, p99_limit_ms: float | None = None) -> str:
    """An SVG element, to be put into a page that has the report's style sheet."""
    picture = Picture.blank(timeline, layout)
    deployment.draw_steps(picture)
    deployment.draw_marks(picture)
    top = picture.y
    deployment.draw_fault_labels(picture)
    panels.draw_weights(picture)
    panels.draw_instances(picture)
    panels.draw_remarks(picture)
    panels.draw_throughput(picture)
    panels.draw_errors(picture)
    panels.draw_latency(picture, p99_limit_ms)
    panels.draw_lag(picture)
    deployment.draw_bands(picture, top)
    panels.draw_time(picture, top)
    return picture.finished()
