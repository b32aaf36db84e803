"""Is the new version worse? All that an analysis asks for, with one probability of a false alarm for all of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from harness.analysis import relative_risk, slowness
from harness.analysis.confidence import share_interval
from harness.analysis.limits import bounds, judge_limit, shown
from harness.analysis.outcomes import Finding, Outcome, worst
from harness.analysis.traffic import Answers, Traffic
from harness.protocols.analysis import Analysis, Metric

_EVIDENCE_SHOWN_MAX = 1e6


@dataclass(frozen=True)
class Versions:
    """What is compared, as sentences call it."""

    old: str
    new: str

    @classmethod
    def of(cls, old: str, new: str, baseline: Collection[str] = ()) -> Versions:
        return cls(f"{old}'s baseline" if baseline else old, new)


def judge(analysis: Analysis, traffic: Traffic, versions: Versions) -> Finding:
    """What is known now. May be asked at any time, with all the traffic so far."""
    return worst(findings(analysis, traffic, versions))


def findings(analysis: Analysis, traffic: Traffic, versions: Versions) -> Iterator[Finding]:
    """One for each thing that is compared; each has its share of the probability of a false alarm."""
    shared = traffic.shared()
    share = analysis.alpha / (2 + len(analysis.limits))
    yield _enough(shared, analysis, versions)
    yield _fails_more(shared, share, versions)
    yield _is_slower(shared, share, analysis, versions)
    for limit in analysis.limits:
        finding = judge_limit(limit, shared, share)
        yield Finding(finding.outcome, f"{versions.new}: {finding.reason}")


def _fails_more(traffic: Traffic, alpha: float, versions: Versions) -> Finding:
    evidence = relative_risk.log_evidence(traffic.strata())
    if (second := _alarm(evidence, traffic, alpha)) is not None:
        return Finding(
            Outcome.FAIL,
            f"{versions.new} fails more often than {versions.old}: {_failed(traffic.new)} against"
            f" {_failed(traffic.old)} in the same seconds (evidence {_odds(evidence)} to 1)",
            second,
        )
    if _alarm(relative_risk.log_evidence(traffic.strata_at_worst()), traffic, alpha) is not None:
        return Finding(
            Outcome.INCONCLUSIVE,
            f"{traffic.nobody.requests} requests failed without a word on whose they were; if they were"
            f" {versions.new}'s, it fails more often than {versions.old}",
        )
    return Finding(Outcome.PASS, "")


def _is_slower(traffic: Traffic, alpha: float, analysis: Analysis, versions: Versions) -> Finding:
    evidence = slowness.log_evidence(traffic, analysis.latency_ratio_max, analysis.latency_slack_ms)
    if (second := _alarm(evidence, traffic, alpha)) is None:
        return Finding(Outcome.PASS, "")
    return Finding(
        Outcome.FAIL,
        f"{versions.new} is slower than {versions.old}: {_latency(traffic.new)} against {_latency(traffic.old)} in the"
        f" same seconds (evidence {_odds(evidence)} to 1)",
        second,
    )


def _enough(traffic: Traffic, analysis: Analysis, versions: Versions) -> Finding:
    """That nothing was found is worth something only if there was enough to find it in."""
    fewest = min(traffic.old.requests, traffic.new.requests)
    if fewest < analysis.answers_min:
        return Finding(
            Outcome.INCONCLUSIVE if fewest else Outcome.NO_DATA,
            f"{versions.old} and {versions.new} answered {traffic.old.requests} and {traffic.new.requests} requests of"
            f" the same seconds; {analysis.answers_min} of each are needed to compare them",
        )
    at_most = share_interval(traffic.new.failures, traffic.new.requests, analysis.alpha).high
    return Finding(
        Outcome.PASS,
        f"{versions.new} is not found worse than {versions.old}: {_failed(traffic.new)} against"
        f" {_failed(traffic.old)} in the same seconds; it fails at most {at_most:.2%}{_tails(traffic, analysis.alpha)}",
    )


def _alarm(log_evidence: NDArray[np.float64], traffic: Traffic, alpha: float) -> int | None:
    """After which second the evidence first was enough: what is decided stays so when the next second is better."""
    index = int(relative_risk.first_alarm(log_evidence, alpha)) if log_evidence.size else -1
    return None if index < 0 else int(traffic.seconds[index])


def _failed(answers: Answers) -> str:
    return f"{answers.failures} of {answers.requests} requests"


def _latency(answers: Answers) -> str:
    ordered = answers.latencies_ms
    if not ordered.size:
        return "no answer"
    return f"p50 {np.quantile(ordered, 0.5):.0f} ms and p99 {np.quantile(ordered, 0.99):.0f} ms"


def _tails(traffic: Traffic, alpha: float) -> str:
    old, new = (bounds(Metric.P99_MS, answers, alpha) for answers in (traffic.old, traffic.new))
    if old is None or new is None:
        return ""
    return f", and its p99 is {shown(Metric.P99_MS, new)} against {shown(Metric.P99_MS, old)}"


def _odds(log_evidence: NDArray[np.float64]) -> str:
    highest = float(log_evidence.max())
    return f"{exp(highest):.0f}" if highest < log(_EVIDENCE_SHOWN_MAX) else "more than a million"
