"""Is the new version slower? An e-process on the shares of slow answers, valid however often one looks.

What is slow is told by the old version's own quantiles in the seconds before: an answer of the old one that takes
longer than T, and an answer of the new one that takes longer than what is allowed for T (`ratio_max` times T, or
`slack_ms` more, whichever is more). If the new version keeps to that, its share of slow answers in a second is, in the
mean, no larger than the old one's in the same second. So betting a part λ of one's stake each second on the difference
of the shares gains nothing in the mean (Waudby-Smith and Ramdas, J. R. Stat. Soc. B 86, 2024), and the stake, averaged
over quantiles and λ, ever reaches 1/alpha with a probability of at most alpha.

Both versions are compared second by second, so what slows all alike says nothing. Answers of one second may depend on
each other: a pause delays several at once, and counts as one second.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.analysis.relative_risk import log_mean
from harness.analysis.traffic import Answers, Traffic

QUANTILES: Final = (0.5, 0.9, 0.99)
STAKES: Final = (0.1, 0.3, 0.6, 0.9)
LEARNT_MIN: Final = 50
"""Answers of the old version from which its quantiles are taken, at least."""
LEARNT_S: Final = 30
"""They are those of so many seconds before."""

Values = NDArray[np.float64]
NONE: Final[Values] = np.empty(0)


def log_evidence(traffic: Traffic, ratio_max: float, slack_ms: float) -> Values:
    """The logarithm of the e-process after each of the traffic's seconds, of which the first only teach."""
    old, new = _by_second(traffic.old), _by_second(traffic.new)
    seconds = [int(second) for second in traffic.seconds]
    gains = np.array(
        [
            _differences(_before(old, second), old.get(second, NONE), new.get(second, NONE), ratio_max, slack_ms)
            for second in seconds
        ]
    ).reshape(len(seconds), len(QUANTILES))
    logs = np.stack(
        [np.cumsum(np.log1p(stake * gains[:, index])) for index in range(len(QUANTILES)) for stake in STAKES]
    )
    return log_mean(logs)


def _differences(before: Values, old: Values, new: Values, ratio_max: float, slack_ms: float) -> list[float]:
    """By quantile, the new version's share of slow answers less the old one's."""
    if before.size < LEARNT_MIN or not old.size or not new.size:
        return [0.0] * len(QUANTILES)
    limits = np.quantile(before, QUANTILES)
    allowed = np.maximum(limits * ratio_max, limits + slack_ms)
    return [float(np.mean(new > most) - np.mean(old > limit)) for limit, most in zip(limits, allowed, strict=True)]


def _by_second(answers: Answers) -> dict[int, Values]:
    """Latencies that say something."""
    telling = ~np.isnan(answers.latency_ms)
    seconds, latencies = answers.second[telling], answers.latency_ms[telling]
    return {int(second): latencies[seconds == second] for second in np.unique(seconds)}


def _before(by_second: dict[int, Values], second: int) -> Values:
    known = [by_second[at] for at in range(second - LEARNT_S, second) if at in by_second]
    return np.concatenate(known or [NONE])
