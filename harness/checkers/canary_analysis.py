"""While both versions served, was the new one worse? docs/canary-analysis.md says how that is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from harness.analysis.judge import Versions, judge
from harness.analysis.limits import QUANTILES, bounds, shown
from harness.analysis.mann_whitney import Kayenta
from harness.analysis.outcomes import Finding, Outcome
from harness.analysis.traffic import Answers, Traffic
from harness.checkers import judged
from harness.checkers.evidence import lacking, records
from harness.history import History, Kind
from harness.protocols.analysis import Analysis, Metric
from harness.scenario import Ending
from harness.verdict import Cell, Evidence, Status, Verdict

# What ran while a fault was in is left out: it may be on one version's instances only.
_ANSWERS = """
    SELECT judged.scheduled_ns // 1_000_000_000 AS second, NOT served AS failed,
        CASE WHEN served AND NOT lasting THEN latency_ms ELSE 'nan'::DOUBLE END AS latency_ms
    FROM judged JOIN requests USING (row)
    WHERE NOT excused AND NOT faulted AND judged.version IS NOT DISTINCT FROM $version
        AND ($version IS NOT NULL OR NOT served)
        AND ($anybody OR instance IN (SELECT unnest($instances::VARCHAR[])))
"""
_FAILED = """
    SELECT judged.scheduled_ns, judged.operation, judged.lane, error, status, judged.version, instance
    FROM judged JOIN requests USING (row)
    WHERE NOT served AND NOT excused AND NOT faulted AND judged.version = $new
"""
_STATUS = {Outcome.PASS: Status.PASS, Outcome.FAIL: Status.FAIL}


@dataclass(frozen=True)
class CanaryAnalysis:
    """While both versions served, the new one neither failed more often nor was slower, and kept to its limits.

    Judged by `analysis`, second by second, outside fault windows; against the baseline alone where there was one. Too
    little to tell by is unknown. A new version that was to be rolled back may be worse. The figures also say what
    Kayenta's judge would make of the same seconds.
    """

    name: ClassVar[str] = "canary-analysis"
    analysis: Analysis = field(default_factory=Analysis)

    def check(self, history: History) -> Verdict:
        missing = lacking(history, self.name, "requests")
        if missing is not None:
            return missing
        judged.prepare(history)
        facts = history.facts
        baseline = _baseline(history)
        traffic = Traffic(_answers(history, facts.old, baseline), _answers(history, facts.new), _answers(history, None))
        finding = judge(self.analysis, traffic, Versions.of(facts.old, facts.new, baseline))
        figures = _figures(traffic, self.analysis.alpha)
        if baseline:
            figures["baseline"] = ", ".join(baseline)
        if finding.outcome is Outcome.FAIL and facts.ending == Ending.ROLLBACK:
            return Verdict(self.name, Status.PASS, f"As was expected, {finding.reason}.", figures)
        status = _STATUS.get(finding.outcome, Status.UNKNOWN)
        evidence = _evidence(history) if status is Status.FAIL else ()
        return Verdict(self.name, status, _sentence(finding), figures, evidence, _when_s(finding))


def _baseline(history: History) -> tuple[str, ...]:
    """Instances of the old version that were started beside the new one's, to be compared with them."""
    return tuple(dict.fromkeys(name for moment in history.moments(Kind.BASELINE) for name in moment.detail))


def _answers(history: History, version: str | None, instances: Sequence[str] = ()) -> Answers:
    """Of these instances of the version; none named: of all."""
    rows = history.query(_ANSWERS, {"version": version, "instances": list(instances), "anybody": not instances})
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    second, failed, latency_ms = columns
    return Answers(np.array(second, np.int64), np.array(failed, np.bool_), np.array(latency_ms, np.float64))


def _figures(traffic: Traffic, alpha: float) -> dict[str, Cell]:
    shared = traffic.shared()
    kayenta = Kayenta()
    return {
        "seconds_compared": int(np.unique(shared.new.second).size),
        "requests_old": shared.old.requests,
        "requests_new": shared.new.requests,
        "failed_old": shared.old.failures,
        "failed_new": shared.new.failures,
        "failed_of_nobody": shared.nobody.requests,
        "p50_old": _quantile(shared.old, Metric.P50_MS, alpha),
        "p50_new": _quantile(shared.new, Metric.P50_MS, alpha),
        "p99_old": _quantile(shared.old, Metric.P99_MS, alpha),
        "p99_new": _quantile(shared.new, Metric.P99_MS, alpha),
        "kayenta_errors": kayenta.classify(_error_rates(shared.old), _error_rates(shared.new)).value,
        "kayenta_p50": kayenta.classify(_medians(shared.old), _medians(shared.new)).value,
    }


def _quantile(answers: Answers, metric: Metric, alpha: float) -> Cell:
    """What was measured, and what it lies within."""
    interval = bounds(metric, answers, alpha)
    if interval is None:
        return None
    return f"{np.quantile(answers.latencies_ms, QUANTILES[metric]):.4g} ms ({shown(metric, interval)})"


def _error_rates(answers: Answers) -> list[float]:
    """Of each second, as a monitoring system would have them."""
    return [float(answers.failed[answers.second == second].mean()) for second in np.unique(answers.second)]


def _medians(answers: Answers) -> list[float]:
    telling = ~np.isnan(answers.latency_ms)
    seconds, latencies = answers.second[telling], answers.latency_ms[telling]
    return [float(np.median(latencies[seconds == second])) for second in np.unique(seconds)]


def _evidence(history: History) -> tuple[Evidence, ...]:
    failed = records(
        history,
        "Requests that the new version did not serve",
        _FAILED,
        order="scheduled_ns",
        params={"new": history.facts.new},
    )
    return (failed,) if failed.total else ()


def _sentence(finding: Finding) -> str:
    return f"{finding.reason[0].upper()}{finding.reason[1:]}."


def _when_s(finding: Finding) -> float | None:
    return None if finding.second is None else float(finding.second)
