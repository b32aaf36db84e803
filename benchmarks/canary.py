"""How soon a canary that fails more is found, and how often a healthy one is: simulated, peeked at every second.

    python -m benchmarks.canary [--chart FILE]

100 requests a second, 5 % of them to the canary, 0.5 % base errors, alpha = 1 %. Prints the time to detection by the
canary's error rate, and the false alarms of 2,000 healthy canaries of 20 minutes: with all of this constant, and with
a base rate that drifts a hundredfold while the weight changes every half minute. Then the time to detection against a
baseline, one of four instances of the old version. `--chart` draws the first table into an SVG file. Exits 1 if one of
the bars below was missed. The same each time: the seed is fixed. Of latency: benchmarks.canary_latency.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.canary_chart import Point, draw
from harness.analysis.relative_risk import Strata, first_alarm, log_evidence

RATE_PER_S, WEIGHT, BASE, ALPHA = 100, 0.05, 0.005, 0.01
EFFECTS = (0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0)
BARS_S = {0.1: (10, 20), 0.5: (3, None)}
"""By the canary's error rate, the time to detection in the median and at the 95th percentile."""
OLD_INSTANCES = 4
"""One of them fresh."""
DETECTIONS, DETECTION_S = 1_000, 1_200
NULLS, NULL_S, CHUNK = 2_000, 1_200, 100
FALSE_ALARMS_MAX = 0.01

Rates = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """What a second is like, run by run: arrays of runs by seconds, or what broadcasts to that."""

    weight: Rates
    base: Rates
    risk: Rates
    """How many times as often the canary fails."""
    rate_per_s: float = RATE_PER_S
    """Of the requests that are compared."""


def simulate(random: np.random.Generator, setting: Setting, runs: int, seconds: int) -> Strata:
    """Requests come as they like; each goes to the canary, and fails, by chance."""
    requests = random.poisson(setting.rate_per_s, (runs, seconds))
    new = random.binomial(requests, setting.weight)
    new_failed = random.binomial(new, np.minimum(1.0, setting.base * setting.risk))
    old_failed = random.binomial(requests - new, setting.base)
    return Strata(new, requests, new_failed, new_failed + old_failed)


def constant(risk: float) -> Setting:
    return Setting(np.array(WEIGHT), np.array(BASE), np.array(risk))


def with_baseline(risk: float) -> Setting:
    """The canary gets what it got; of what the old version gets, only a fresh instance's share is looked at."""
    canary_per_s, baseline_per_s = RATE_PER_S * WEIGHT, RATE_PER_S * (1 - WEIGHT) / OLD_INSTANCES
    compared_per_s = canary_per_s + baseline_per_s
    return Setting(np.array(canary_per_s / compared_per_s), np.array(BASE), np.array(risk), compared_per_s)


def drifting(random: np.random.Generator, runs: int) -> Setting:
    """The base rate wanders between 0.1 % and 10 %, with bursts; the weight changes every half minute, 5 % to 75 %."""
    steps = random.normal(0, 0.1, (runs, NULL_S)).cumsum(axis=1)
    bursts = np.where(random.random((runs, NULL_S)) < 0.01, np.log(20), 0.0)
    base = np.clip(BASE * np.exp(steps + bursts), 0.001, 0.1)
    weights = random.choice((0.05, 0.1, 0.25, 0.5, 0.75), (runs, NULL_S // 30))
    return Setting(np.repeat(weights, 30, axis=1), base, np.array(1.0))


def detections(random: np.random.Generator, setting: Callable[[float], Setting] = constant) -> Iterator[Point]:
    """By the canary's error rate. Runs in which nothing was found count as infinitely long."""
    for rate in EFFECTS:
        strata = simulate(random, setting(rate / BASE), DETECTIONS, DETECTION_S)
        found = first_alarm(log_evidence(strata), ALPHA)
        took_s = np.where(found < 0, np.inf, found + 1.0)
        median, late = np.quantile(took_s, (0.5, 0.95), method="higher")
        yield Point(rate, float(median), float(late))


def false_alarms(random: np.random.Generator, setting: Callable[[int], Setting]) -> int:
    count = 0
    for _ in range(NULLS // CHUNK):
        strata = simulate(random, setting(CHUNK), CHUNK, NULL_S)
        count += int(np.count_nonzero(first_alarm(log_evidence(strata), ALPHA) >= 0))
    return count


def missed(point: Point) -> bool:
    median_s, late_s = BARS_S.get(point.error_rate, (None, None))
    return (median_s is not None and point.median_s > median_s) or (late_s is not None and point.late_s > late_s)


def show_detections(points: Sequence[Point], *, barred: bool = True) -> int:
    """How many of the bars were missed."""
    print(f"{'canary errors':>14}{'found, median':>16}{'95th percentile':>18}")
    for point in points:
        median_s, late_s = BARS_S.get(point.error_rate, (None, None)) if barred else (None, None)
        bar = "" if median_s is None else f"  (bar: {median_s} s" + (f", {late_s} s)" if late_s else ")")
        print(f"{point.error_rate:>14.0%}{point.median_s:>14.0f} s{point.late_s:>16.0f} s{bar}")
    return sum(map(missed, points)) if barred else 0


def show_false_alarms(random: np.random.Generator) -> int:
    settings: dict[str, Callable[[int], Setting]] = {
        "constant": lambda _: constant(1.0),
        "drifting": lambda runs: drifting(random, runs),
    }
    over = 0
    for name, setting in settings.items():
        count = false_alarms(random, setting)
        over += count > FALSE_ALARMS_MAX * NULLS
        print(f"{name:<10}{count:>4} false alarms in {NULLS} healthy runs of {NULL_S // 60} min, {count / NULLS:.2%}")
    return over


def main() -> int:
    arguments = argparse.ArgumentParser(description="Detection times and false alarms of the canary analysis.")
    arguments.add_argument("--chart", type=Path, help="draw the detection times into this SVG file")
    chart: Path | None = arguments.parse_args().chart
    random, began_s = np.random.default_rng(7), time.process_time()
    points = list(detections(random))
    over = show_detections(points)
    print()
    over += show_false_alarms(random)
    print(f"\nagainst a baseline, one of {OLD_INSTANCES} instances of the old version")
    show_detections(list(detections(random, with_baseline)), barred=False)
    print(f"\n{time.process_time() - began_s:.0f} s of processor time")
    if chart is not None:
        chart.write_text(draw(points), "utf-8")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
