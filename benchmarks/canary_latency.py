"""How soon a canary that is slower is found, and how often a healthy one is: by what decides, and by what could.

    python -m benchmarks.canary_latency [--quick]

100 requests a second, 5 % of them to the canary, alpha = 1 %, peeked at every second for two minutes. What decides:

- betting: on the shares of slow answers, second by second (harness.analysis.slowness), as the harness does;
- quantiles: by confidence sequences of the median, the 90th and the 99th percentile, the canary is slower once its
  lower bound is above what is allowed over the old version's upper bound;
- matched quantiles: the same of as many answers of both versions in each second, as relative limits go by.

`--quick`: a tenth of the runs. Exits 1 if betting finds more than 1 % of the healthy canaries. The same each time:
the seed is fixed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from benchmarks.canary import ALPHA, FALSE_ALARMS_MAX, RATE_PER_S, WEIGHT
from harness.analysis import slowness
from harness.analysis.confidence import quantile_interval
from harness.analysis.relative_risk import first_alarm
from harness.analysis.traffic import Answers, Traffic

SECONDS = 120
LATENCY_MS, TAIL_MS, PAUSE_MS = 20.0, 400.0, 500.0
NULLS, DETECTIONS = 200, 50

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Allowed:
    ratio: float
    slack_ms: float

    def __str__(self) -> str:
        return f"x {self.ratio:g} or +{self.slack_ms:g} ms" if self.slack_ms else "nothing"

    def over(self, latency_ms: float) -> float:
        return max(latency_ms * self.ratio, latency_ms + self.slack_ms)


NOTHING, DEFAULT = Allowed(1.0, 0.0), Allowed(2.0, 100.0)


@dataclass(frozen=True)
class Setting:
    """What the seconds are like: arrays of them, or what broadcasts to that; and by how much the canary is slower."""

    weight: Values
    level_ms: Values
    rate_per_s: Values
    pauses: float = 0.0
    """Share of the seconds in which a version pauses, each by itself, which delays all that it answers in it."""
    times: float = 1.0
    tail: float = 0.0
    """Share of the canary's answers that take TAIL_MS."""


def steady(_: np.random.Generator, *, times: float = 1.0, tail: float = 0.0) -> Setting:
    return Setting(np.array(WEIGHT), np.array(LATENCY_MS), np.array(RATE_PER_S), times=times, tail=tail)


def drifting(random: np.random.Generator) -> Setting:
    """All is slower and faster in turn, and the weight changes every half minute."""
    level_ms = LATENCY_MS * np.exp(random.normal(0, 0.1, SECONDS).cumsum())
    return Setting(_weights(random), level_ms, np.array(RATE_PER_S))


def loaded(random: np.random.Generator) -> Setting:
    """The load changes every ten seconds, the weight every half minute; the more load, the slower is all."""
    rate_per_s = np.repeat(random.choice((20, 50, 100, 200), SECONDS // 10), 10)
    return Setting(_weights(random), LATENCY_MS * (1 + (rate_per_s / RATE_PER_S) ** 2), rate_per_s)


def pausing(_: np.random.Generator) -> Setting:
    return Setting(np.array(0.5), np.array(LATENCY_MS), np.array(RATE_PER_S), pauses=0.02)


def drifting_and_pausing(random: np.random.Generator) -> Setting:
    level_ms = LATENCY_MS * np.exp(random.normal(0, 0.1, SECONDS).cumsum())
    return Setting(np.array(WEIGHT), level_ms, np.array(RATE_PER_S), pauses=0.02)


def _weights(random: np.random.Generator) -> Values:
    return np.repeat(random.choice((0.05, 0.1, 0.25, 0.5, 0.75), SECONDS // 30), 30)


def simulate(random: np.random.Generator, setting: Setting) -> Traffic:
    old = _answers(random, setting, 1 - setting.weight)
    new = _answers(random, setting, setting.weight)
    new_ms = np.where(random.random(new.requests) < setting.tail, TAIL_MS, new.latency_ms * setting.times)
    return Traffic(old, Answers(new.second, new.failed, new_ms), Answers.none())


def _answers(random: np.random.Generator, setting: Setting, share: Values) -> Answers:
    second = np.repeat(np.arange(SECONDS), random.poisson(setting.rate_per_s * share, SECONDS))
    level_ms = np.broadcast_to(setting.level_ms, SECONDS)
    pause_ms = np.where(random.random(SECONDS) < setting.pauses, PAUSE_MS, 0.0)
    latency_ms = random.lognormal(0, 0.5, second.size) * level_ms[second] + pause_ms[second]
    return Answers(second, np.zeros(second.size, np.bool_), latency_ms)


def by_betting(traffic: Traffic, allowed: Allowed) -> float:
    found = int(first_alarm(slowness.log_evidence(traffic, allowed.ratio, allowed.slack_ms), ALPHA))
    return inf if found < 0 else float(traffic.seconds[found]) + 1


def by_quantiles(traffic: Traffic, allowed: Allowed) -> float:
    old, new = _prefixes(traffic.old), _prefixes(traffic.new)
    alpha = ALPHA / 2 / len(slowness.QUANTILES)
    for second in range(SECONDS):
        for share in slowness.QUANTILES:
            surely_ms = quantile_interval(new[second], share, alpha).low
            if surely_ms > allowed.over(quantile_interval(old[second], share, alpha).high):
                return second + 1.0
    return inf


def by_matched_quantiles(traffic: Traffic, allowed: Allowed) -> float:
    return by_quantiles(traffic.matched(), allowed)


DECIDERS: Mapping[str, Callable[[Traffic, Allowed], float]] = {
    "betting": by_betting,
    "quantiles": by_quantiles,
    "matched quantiles": by_matched_quantiles,
}
"""Each gives after how many seconds the canary is found slower; inf: it is not."""


def _prefixes(answers: Answers) -> list[Values]:
    """Of each second, the latencies up to its end, in ascending order."""
    order = np.argsort(answers.second, kind="stable")
    latency_ms = answers.latency_ms[order]
    ends = np.searchsorted(answers.second[order], np.arange(SECONDS), "right")
    return [np.sort(latency_ms[:end]) for end in ends]


def found_s(
    random: np.random.Generator, setting: Callable[[np.random.Generator], Setting], allowed: Allowed, runs: int
) -> Values:
    """By decider and run; all decide on the same runs."""
    traffics = [simulate(random, setting(random)) for _ in range(runs)]
    return np.array([[decide(traffic, allowed) for traffic in traffics] for decide in DECIDERS.values()])


def show_false_alarms(random: np.random.Generator, runs: int) -> bool:
    """Whether what decides keeps to its bar."""
    settings: dict[str, tuple[Callable[[np.random.Generator], Setting], Allowed]] = {
        "all alike": (steady, NOTHING),
        "drift, weights change": (drifting, NOTHING),
        "load and weights change": (loaded, NOTHING),
        "drift and pauses": (drifting_and_pausing, NOTHING),
        "pauses, half the traffic": (pausing, NOTHING),
        "the same": (pausing, DEFAULT),
    }
    worst = 0
    print(f"healthy canaries found worse, of {runs}")
    _head("")
    for name, (setting, allowed) in settings.items():
        counts = np.isfinite(found_s(random, setting, allowed, runs)).sum(axis=1)
        worst = max(worst, int(counts[0]))
        print(f"{name:<26}{allowed!s:<18}" + "".join(f"{count:>20}" for count in counts), flush=True)
    return worst <= FALSE_ALARMS_MAX * runs


def show_detections(random: np.random.Generator, runs: int) -> None:
    effects: dict[str, tuple[float, float]] = {
        **{f"x {times:g}": (times, 0.0) for times in (1.5, 2.0, 3.0, 5.0, 10.0)},
        **{f"{tail:.0%} take {TAIL_MS:g} ms": (1.0, tail) for tail in (0.03, 0.1, 0.2, 0.5)},
    }
    print(f"\nfound after, median (95th percentile), of {runs}")
    for allowed in (NOTHING, DEFAULT):
        _head("canary's answers")
        for name, (times, tail) in effects.items():
            if allowed.over(LATENCY_MS) >= LATENCY_MS * times and not tail:
                continue  # is allowed

            def slower(random: np.random.Generator, times: float = times, tail: float = tail) -> Setting:
                return steady(random, times=times, tail=tail)

            took_s = np.quantile(found_s(random, slower, allowed, runs), (0.5, 0.95), axis=1, method="higher")
            cells = "".join(f"{_seconds(median) + ' (' + _seconds(late) + ')':>20}" for median, late in took_s.T)
            print(f"{name:<26}{allowed!s:<18}{cells}", flush=True)


def _head(what: str) -> None:
    print(f"{what:<26}{'allowed':<18}" + "".join(f"{name:>20}" for name in DECIDERS))


def _seconds(took_s: float) -> str:
    return f"{took_s:.0f} s" if np.isfinite(took_s) else "not"


def main() -> int:
    arguments = argparse.ArgumentParser(description="Detection times and false alarms of the canary's latency.")
    arguments.add_argument("--quick", action="store_true", help="a tenth of the runs")
    part = 10 if arguments.parse_args().quick else 1
    random, began_s = np.random.default_rng(7), time.process_time()
    kept = show_false_alarms(random, NULLS // part)
    show_detections(random, DETECTIONS // part)
    print(f"\n{time.process_time() - began_s:.0f} s of processor time")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
