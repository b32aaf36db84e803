"""The read model follows closely."""

from __future__ import annotations

from harness.checkers.projection_lag import ProjectionLag, Sample, measure
from harness.history import Kind
from harness.verdict import Status
from tests.histories.build import Story


def sampled(*reached_and_head: tuple[int, int], lasts_s: float | None = None) -> Story:
    """A sample a second."""
    story = Story(lasts_s=len(reached_and_head) if lasts_s is None else lasts_s)
    for second, (reached, head) in enumerate(reached_and_head):
        detail = {"reached": reached, "head": head, "events_behind": head - reached}
        story.moment(second, Kind.LAG, "projection", detail)
    return story


def test_lag_counts_from_the_first_sample_that_saw_the_event() -> None:
    samples = [Sample(0, 0, 0), Sample(1, 0, 5), Sample(2, 4, 9), Sample(3, 4, 9), Sample(4, 9, 9)]
    assert [sample.behind_s for sample in measure(samples)] == [0.0, 0.0, 1.0, 2.0, 0.0]


def test_a_read_model_that_follows_passes() -> None:
    with sampled((0, 5), (5, 9), (8, 20), (20, 20)).history() as history:
        verdict = ProjectionLag(lag_s_max=2.0).check(history)
    assert verdict.status is Status.PASS
    assert verdict.figures["lag_max_s"] == 1.0


def test_one_that_stands_still_is_found() -> None:
    with sampled((0, 5), (5, 9), *[(5, 9)] * 5).history() as history:
        verdict = ProjectionLag(lag_s_max=2.0).check(history)
    assert verdict.status is Status.FAIL
    assert verdict.first_violation_s == 4.0


def test_one_that_is_never_shown_an_event_proves_nothing() -> None:
    with sampled((0, 0), (0, 0)).history() as history:
        assert ProjectionLag().check(history).status is Status.UNKNOWN


def test_a_hole_between_samples_leaves_it_unknown() -> None:
    with sampled((0, 5), (9, 9), lasts_s=30.0).history() as history:
        verdict = ProjectionLag().check(history)
    assert verdict.status is Status.UNKNOWN
    assert "29.0 s" in verdict.reason
