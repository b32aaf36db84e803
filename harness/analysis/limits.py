"""Does a metric of the new version keep to its limit? Told by confidence bounds, never by the measured value alone.

A limit that is relative to the old version goes by as many answers of both in each second: of all answers, those of
the version that had most of the traffic while all was slow would be slower, though it is not.
"""

from __future__ import annotations

from math import isinf

from harness.analysis.confidence import Interval, quantile_interval, share_interval
from harness.analysis.outcomes import Finding, Outcome
from harness.analysis.traffic import Answers, Traffic
from harness.protocols.analysis import Limit, Metric

QUANTILES = {Metric.P50_MS: 0.5, Metric.P90_MS: 0.9, Metric.P99_MS: 0.99}


def judge_limit(limit: Limit, traffic: Traffic, alpha: float) -> Finding:
    """`alpha`: the probability of ever being found beyond a limit that is kept, or within one that is not."""
    if limit.max is not None:
        return _judge(limit, limit.max, limit.max, bounds(limit.metric, traffic.new, alpha))
    assert limit.increase_max is not None
    matched = (traffic if limit.metric is Metric.ERROR_RATE else traffic.telling()).matched()
    old = bounds(limit.metric, matched.old, alpha / 2)
    new = bounds(limit.metric, matched.new, alpha / 2)
    factor = 1 + limit.increase_max
    return _judge(limit, None if old is None else old.low * factor, None if old is None else old.high * factor, new)


def bounds(metric: Metric, answers: Answers, alpha: float) -> Interval | None:
    """Between which the metric lies, at all times at once but for `alpha`. None: there is nothing to measure."""
    if metric is Metric.ERROR_RATE:
        return share_interval(answers.failures, answers.requests, alpha) if answers.requests else None
    latencies = answers.latencies_ms
    return quantile_interval(latencies, QUANTILES[metric], alpha) if latencies.size else None


def _judge(limit: Limit, surely: float | None, at_most: float | None, new: Interval | None) -> Finding:
    """`surely` is what the limit is at least, `at_most` what it is at most."""
    if new is None or surely is None or at_most is None:
        return Finding(Outcome.NO_DATA, f"there is nothing to measure {limit.metric} by")
    claim = f"{limit.metric} is {shown(limit.metric, new)}, {_allowed(limit, surely, at_most)}"
    if new.low > at_most:
        return Finding(Outcome.FAIL, claim)
    if new.high <= surely:
        return Finding(Outcome.PASS, claim)
    return Finding(Outcome.INCONCLUSIVE, f"{claim}, which is not enough to tell")


def _allowed(limit: Limit, surely: float, at_most: float) -> str:
    if limit.increase_max is None:
        return f"at most {shown(limit.metric, Interval(surely, surely))} is allowed"
    what = shown(limit.metric, Interval(surely, at_most))
    return f"at most {limit.increase_max:.0%} more than before, {what}, is allowed"


def shown(metric: Metric, interval: Interval) -> str:
    """As people read it, with its unit."""

    def number(value: float) -> str:
        return f"{100 * value:.3g} %" if metric is Metric.ERROR_RATE else f"{value:.4g} ms"

    if interval.low == interval.high:
        return number(interval.low)
    if isinf(interval.high):
        return f"{number(interval.low)} or more"
    return f"{number(interval.low)} to {number(interval.high)}"
