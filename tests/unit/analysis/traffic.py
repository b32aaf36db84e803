"""Traffic that is told, or drawn at random."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import numpy as np

from harness.analysis.traffic import Answers, Traffic

NAN = float("nan")


def answers(told: Iterable[tuple[int, bool, float]]) -> Answers:
    """(second, failed, latency in ms) each."""
    rows = list(told)
    return Answers(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.bool_),
        np.array([row[2] for row in rows], np.float64),
    )


def drawn(
    random: Random,
    *,
    seconds: int,
    per_s: int,
    error_rate: float = 0.0,
    latency_ms: float = 20.0,
    slow_share: float = 0.0,
    slow_ms: float = 400.0,
) -> Answers:
    """So many answers in each second, of which some fail and some are slow, by chance."""
    rows = []
    for second in range(seconds):
        for _ in range(per_s):
            failed = random.random() < error_rate
            took_ms = slow_ms if random.random() < slow_share else latency_ms * random.uniform(0.5, 1.5)
            rows.append((second, failed, NAN if failed else took_ms))
    return answers(rows)


def traffic(old: Answers, new: Answers, nobody: Answers | None = None) -> Traffic:
    return Traffic(old, new, Answers.none() if nobody is None else nobody)
