"""Does the new version fail more often? A conditional-count e-process, valid however often one looks.

In one stratum (requests of the same second) m of all n requests went to the new version, and c of all k failures are
its own. If it is no worse, failures fall on the versions as the requests did, so c given k is hypergeometric, whatever
the error rate of that second: rates may drift and weights may change. For a relative risk r > 1 the likelihood ratio

    r^c / (1 + (r - 1) q)^k     with q = m / n

is that of a binomial with q_r = rm / (rm + n - m) against one with q. Its mean is at most 1: a hypergeometric count is
below the binomial of the same mean in convex order (Hoeffding, J. Am. Stat. Assoc. 58, 1963, section 6), and if the
new version is better, c is smaller still. The product over strata, averaged over r, is therefore an e-process: by
Ville's inequality it ever reaches 1/alpha with a probability of at most alpha.

Rests on this: failures of one stratum are independent of each other, given its rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]

RISKS: Final = (1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""The relative risks that the evidence is averaged over."""


@dataclass(frozen=True)
class Strata:
    """Counts by stratum, along the last axis in the order of time; before it may be axes of independent runs."""

    new: Counts
    """Requests to the new version."""
    all: Counts
    """Requests to either."""
    new_failed: Counts
    all_failed: Counts


def log_evidence(strata: Strata) -> NDArray[np.float64]:
    """The logarithm of the e-process after each stratum. A stratum in which only one version was asked says nothing."""
    share = strata.new / np.maximum(strata.all, 1)
    logs = np.stack([np.cumsum(_log_ratio(strata, share, risk), axis=-1) for risk in RISKS])
    return log_mean(logs)


def _log_ratio(strata: Strata, share: NDArray[np.float64], risk: float) -> NDArray[np.float64]:
    return np.asarray(strata.new_failed * log(risk) - strata.all_failed * np.log1p((risk - 1) * share), np.float64)


def log_mean(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of the mean over the first axis of what these are the logarithms of."""
    mean: NDArray[np.float64] = np.logaddexp.reduce(logs, axis=0) - log(len(logs))
    return mean


def first_alarm(log_e: NDArray[np.float64], alpha: float) -> NDArray[np.int64]:
    """The stratum after which the evidence first reaches 1/alpha, along the last axis; -1: it never does."""
    alarms = log_e >= -log(alpha)
    return np.where(alarms.any(axis=-1), alarms.argmax(axis=-1), -1)
