"""How a deployment is to compare the new version with the old one while both serve."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.bounds import not_negative, positive


class Metric(StrEnum):
    """What is measured of one version's answers."""

    ERROR_RATE = "error-rate"
    P50_MS = "p50-ms"
    P90_MS = "p90-ms"
    P99_MS = "p99-ms"


@dataclass(frozen=True)
class Limit:
    """What a metric of the new version may be: at most `max`, or `increase_max` more than the old one's (0.1: 10 %).

    It passes if its confidence bounds lie within, fails if they lie beyond, and is inconclusive between.
    """

    metric: Metric
    max: float | None = None
    increase_max: float | None = None

    def __post_init__(self) -> None:
        not_negative(max=self.max, increase_max=self.increase_max)
        if (self.max is None) == (self.increase_max is None):
            raise ValueError("a limit has either max or increase_max")


@dataclass(frozen=True)
class Analysis:
    """Whether the new version is worse than the old one, looked at every second from the first watch on.

    `alpha` is the probability that a version that is no worse is found worse at all in a scenario. It is worse if it
    fails more often, or if it is slower than `latency_ratio_max` times the old version or `latency_slack_ms` above it,
    whichever allows more. It passes only with `answers_min` answers of each version to the same seconds.
    """

    alpha: float = 0.01
    latency_ratio_max: float = 2.0
    latency_slack_ms: float = 100.0
    answers_min: int = 20
    limits: tuple[Limit, ...] = ()

    def __post_init__(self) -> None:
        positive(answers_min=self.answers_min)
        not_negative(latency_slack_ms=self.latency_slack_ms)
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must be between 0 and 1, not {self.alpha:g}")
        if not 1 <= self.latency_ratio_max < float("inf"):
            raise ValueError(f"latency_ratio_max must be 1 or more, not {self.latency_ratio_max:g}")
