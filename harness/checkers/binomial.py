"""Exact tails of the binomial distribution."""

from __future__ import annotations

from math import exp, lgamma, log


def upper_tail(successes: int, trials: int, probability: float) -> float:
    """P(X ≥ successes) for X ~ Binomial(trials, probability), by summing its terms; 0 < probability < 1."""
    if successes <= 0:
        return 1.0
    mode = trials * probability
    total = 0.0
    for count in range(successes, trials + 1):
        term = exp(
            lgamma(trials + 1)
            - lgamma(count + 1)
            - lgamma(trials - count + 1)
            + count * log(probability)
            + (trials - count) * log(1 - probability)
        )
        total += term
        if count > mode and term < total * 1e-15:
            break
    return min(1.0, total)
