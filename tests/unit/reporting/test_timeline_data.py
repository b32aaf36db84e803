from __future__ import annotations

from dataclasses import replace

import pytest

from harness.history import REQUESTS, History, Kind, Moment, Row, RunFacts
from harness.reporting.axis import BINS_MAX, Span, axis_over, bin_width_s
from harness.reporting.timeline_data import MarkKind, Timeline, stored_events, timeline
from harness.verdict import Cell, Status, Verdict
from tests.unit.reporting import runs
from tests.unit.reporting.runs import S, moment

FACTS = replace(runs.FACTS, load_ends_ns=10 * S, steps=("prepare", "switch"))


def _request(at_s: float, **values: object) -> Row:
    at_ns = round(at_s * S)
    row: dict[str, object] = dict.fromkeys(REQUESTS)
    row.update(scheduled_ns=at_ns, sent_ns=at_ns, done_ns=at_ns + 10_000_000, outcome="ok", version="1.1", status=200)
    return tuple({**row, **values}.values())


def _timeline(
    moments: list[Moment], rows: list[Row] | None = None, facts: RunFacts = FACTS, *verdicts: Verdict
) -> Timeline:
    with History.of(facts, moments, {} if rows is None else {"requests": rows}) as history:
        return timeline(history, verdicts)


@pytest.mark.parametrize("length_s", [0.1, 1.0, 7.3, 24.0, 300.0, 86_400.0])
@pytest.mark.parametrize("requests", [0, 1, 100, 1_000_000])
def test_bins_cover_the_axis_and_are_few(length_s: float, requests: int) -> None:
    axis = axis_over(length_s, requests)
    assert 1 <= axis.bins <= BINS_MAX
    assert (axis.bins - 1) * axis.bin_s < length_s <= axis.bins * axis.bin_s + 1e-9


def test_few_requests_make_wide_bins() -> None:
    assert bin_width_s(20, 400) > bin_width_s(20, 4_000) > bin_width_s(20, 400_000)


def test_latency_is_told_of_what_does_not_last_on_purpose() -> None:
    rows = [_request(1.0, operation="read"), _request(1.0, operation="download", done_ns=9 * S)]
    drawn = _timeline([], rows, replace(FACTS, lasting=("download",)))
    assert drawn.overall.served == 2
    assert drawn.overall.p99_ms == pytest.approx(10)
    assert _timeline([], rows).overall.p99_ms == pytest.approx(8000)


def test_requests_are_counted_in_the_bin_they_were_scheduled_in() -> None:
    rows = [
        _request(0.05),
        _request(9.99, done_ns=12 * S),
        _request(5.0, outcome="fail", error="status 500", status=500, version="2.0"),
        _request(5.1, outcome="indeterminate", error="timeout", status=None, version=None),
        _request(5.2, outcome="fail", error="refused", status=409),
        _request(-1.0),
    ]
    drawn = _timeline([], rows)
    assert drawn.versions == ("1.1", "2.0", "")
    old, new, nobody = drawn.traffic
    assert (sum(old.served), sum(old.failed)) == (3, 0), "a refusal is served; what came before zero does not count"
    assert (sum(new.failed), sum(nobody.failed)) == (1, 1)
    place = int(9.99 / drawn.axis.bin_s)
    assert old.served[place] == 1
    assert old.p99_ms[place] == pytest.approx(2010)
    assert [series.error for series in drawn.errors] == ["status 500", "timeout"]
    assert (drawn.overall.requests, drawn.overall.failed, drawn.overall.availability) == (5, 2, 0.6)
    assert drawn.overall.max_ms == pytest.approx(2010), "latency is of served requests"
    assert drawn.axis.end_s == pytest.approx(12.0), "the axis reaches to the last answer"


def test_rare_errors_are_drawn_as_one() -> None:
    rows = [
        _request(1 + number / 100, outcome="fail", error=f"kind {number % 7}", status=500) for number in range(7 * 3)
    ]
    drawn = _timeline([], rows)
    assert [series.error for series in drawn.errors] == ["kind 0", "kind 1", "kind 2", "kind 3", "other"]
    assert sum(drawn.errors[-1].failed) == 9
    assert len(drawn.by_error) == 7


def test_a_failure_without_an_error_is_still_a_failure() -> None:
    drawn = _timeline([], [_request(1, outcome="indeterminate")])
    assert drawn.overall.failed == 1
    assert drawn.errors[0].error == "no reason recorded"


def test_steps_last_until_the_next_and_the_last_until_the_end() -> None:
    steps = [
        moment(-1.0, Kind.STEP, "prepare"),
        moment(2.0, Kind.STEP, "switch", 2.5),
        moment(4.0, Kind.STEP, "roll back"),
        moment(6.0, Kind.ENDED, "deployment", outcome="rolled back"),
    ]
    bands = _timeline(steps).steps
    assert [(band.name, band.span, band.expected) for band in bands] == [
        ("prepare", Span(0.0, 2.0), True),
        ("switch", Span(2.0, 2.5), True),
        ("roll back", Span(4.0, 6.0), False),
    ]


def test_a_fault_without_a_recorded_proof_is_not_proved() -> None:
    [fault] = _timeline([moment(3.0, Kind.FAULT, "kill one", kind="Kill")]).faults
    assert (fault.bit, fault.healed) == (False, False)
    assert fault.span == Span(3.0, 10.0), "one that never ended lasts to the end"


def test_marks_hold_the_first_violation_only() -> None:
    verdicts = (
        Verdict("b", Status.FAIL, "", first_violation_s=4.0),
        Verdict("a", Status.FAIL, "", first_violation_s=2.0),
    )
    moments = [
        moment(5.0, Kind.GATE, "gate", passed=False, reason="bad"),
        moment(5.1, Kind.SETBACK, "setback", reason="bad"),
    ]
    marks = _timeline(moments, [], FACTS, *verdicts).marks
    assert [(mark.kind, mark.at_s) for mark in marks] == [
        (MarkKind.VIOLATION, 2.0),
        (MarkKind.GATE_FAILED, 5.0),
        (MarkKind.SETBACK, 5.1),
        (MarkKind.LOAD_ENDS, 10.0),
    ]
    assert marks[0].text == "a"


def test_weights_are_shares_in_the_order_of_the_versions() -> None:
    weights = _timeline([runs.weights(-1, 100, 0), runs.weights(3, 1, 3), runs.weights(4, 25, 75)]).weights
    assert [(entry.at_s, entry.shares) for entry in weights] == [(0.0, (1.0, 0.0)), (3.0, (0.25, 0.75))]


def test_an_instance_lives_while_the_fleet_names_it() -> None:
    def fleet(at_s: float, **instances: Cell) -> Moment:
        return Moment(round(at_s * S), Kind.FLEET, "fleet", None, instances)

    lives = _timeline([fleet(-1, a="1.1"), fleet(2, a="1.1", b="2.0"), fleet(5, b="2.0")]).instances
    assert [(life.name, life.version, life.span) for life in lives] == [
        ("a", "1.1", Span(0.0, 5.0)),
        ("b", "2.0", Span(2.0, 10.0)),
    ]


def test_of_many_lag_samples_the_worst_of_a_bin_is_kept() -> None:
    samples = [moment(number / 1000, Kind.LAG, "lag", events_behind=number % 10) for number in range(10_000)]
    lag = _timeline(samples).lag
    assert len(lag) <= BINS_MAX
    assert {point.events_behind for point in lag} == {9}


def test_nothing_recorded_is_nothing_drawn_but_no_error() -> None:
    drawn = _timeline([])
    assert drawn.overall.requests == 0
    assert drawn.overall.availability is None
    assert (drawn.errors, drawn.by_error, drawn.lag) == ((), (), ())


def test_an_absent_store_is_not_an_empty_one() -> None:
    with History.of(FACTS, [], {}) as absent, History.of(FACTS, [], {"store": []}) as empty:
        assert (stored_events(absent), stored_events(empty)) == (None, 0)


def test_what_the_platform_said_is_grouped_by_name_and_warnings_come_first() -> None:
    def said(at_s: float, reason: str, **detail: Cell) -> Moment:
        return moment(at_s, Kind.REMARK, reason, about="Pod/a", text=reason.lower(), **detail)

    drawn = _timeline(
        [
            said(1.0, "Killing", warning=False),
            said(2.0, "Unhealthy", warning=True),
            said(3.0, "Scheduled", routine=True),
            said(4.0, "Unhealthy", warning=True),
            said(-1.0, "FailedScheduling", warning=True),
            said(99.0, "BackOff", warning=True),
        ]
    )
    assert drawn.axis.end_s < 99
    assert [(each.reason, each.warning, [told.at_s for told in each.told]) for each in drawn.remarks] == [
        ("Unhealthy", True, [2.0, 4.0]),
        ("Killing", False, [1.0]),
    ]
    assert drawn.remarks[1].told[0].text == "Pod/a: killing"
